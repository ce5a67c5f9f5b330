import { readFileSync } from "node:fs";
import { resolve } from "node:path";

import { defineConfig } from "vite";

// What ends up in the bundle; their licences ask to be passed on with it.
const BUNDLED = [
  "preact", "react-querybuilder", "@react-querybuilder/core", "@reduxjs/toolkit", "immer", "react-redux", "redux",
  "redux-thunk", "reselect", "use-sync-external-store",
];

function licences() {
  const textOf = (name) => {
    const { version, license } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8"));
    let text = "";
    for (const file of ["LICENSE", "LICENSE.md", "license"]) {
      try { text = readFileSync(`node_modules/${name}/${file}`, "utf8").trim(); break; } catch { /* the next one */ }
    }
    return `${name} ${version} (${license})\n\n${text || "The MIT licence, as stated by its package.json."}\n`;
  };
  return {
    name: "licences",
    generateBundle() {
      this.emitFile({ type: "asset", fileName: "licences.txt", source: BUNDLED.map(textOf).join(`\n${"-".repeat(79)}\n\n`) });
    },
  };
}

export default defineConfig({
  base: "./",
  plugins: [licences()],
  resolve: {
    alias: [
      { find: /^react\/jsx-runtime$/, replacement: "preact/jsx-runtime" },
      { find: /^react(-dom)?(\/.*)?$/, replacement: "preact/compat" },
    ],
  },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    target: "es2022",
    outDir: process.env.BUILDER_OUT ?? resolve("../static/sentinel/builder"),
    emptyOutDir: true,
    modulePreload: false,
    cssCodeSplit: false,
    reportCompressedSize: true,
    rollupOptions: {
      input: "src/main.jsx",
      output: { entryFileNames: "builder.js", assetFileNames: "builder[extname]", codeSplitting: false },
    },
  },
});
