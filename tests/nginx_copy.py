"""The project's nginx configuration for one machine: other ports, other certificates, folders of one's own."""

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from sentinel.ops.state import ROOT

NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")


@dataclass(frozen=True)
class NginxCopy:
    """`webs` are addresses of web processes. Everything that nginx writes goes into `folder`."""

    folder: Path
    webs: list[str]
    secure_port: int
    plain_port: int
    certificate: Path
    key: Path

    @property
    def log(self) -> Path:
        return self.folder / "access.log"

    def write(self) -> None:
        shutil.copytree(ROOT / "nginx", self.folder / "nginx")
        change(self._main, {
            " /tmp/": f" {self.folder}/",
            "/srv/sentinel": str(self.folder),
            "listen 8080 default_server": f"listen 127.0.0.1:{self.plain_port} default_server",
            "listen 8443 ssl": f"listen 127.0.0.1:{self.secure_port} ssl",
            "worker_processes auto": "worker_processes 1",
            "/dev/stdout": str(self.log), "/dev/stderr": str(self.folder / "error.log"),
        })  # fmt: skip
        snippets = self.folder / "nginx/snippets"
        change(snippets / "tls.conf", {
            "/run/secrets/nginx.pem": str(self.certificate), "/run/secrets/nginx.key": str(self.key),
        })  # fmt: skip
        self._name_webs(snippets / "upstream.conf")

    def command(self) -> list[str]:
        assert NGINX, "nginx is not installed"
        return [NGINX, "-c", str(self._main), "-p", str(self.folder), "-e", str(self.folder / "error.log")]

    def command_to_serve(self) -> list[str]:
        # Root's nginx would go on as a user whom folders of tests are closed to; at a bank it never is root.
        own_user = "user root; " if os.geteuid() == 0 else ""
        return [*self.command(), "-g", f"{own_user}daemon off;"]

    @property
    def _main(self) -> Path:
        return self.folder / "nginx/nginx.conf"

    def _name_webs(self, upstream: Path) -> None:
        servers = "".join(f"    server {web} max_fails=2 fail_timeout=5s;\n" for web in self.webs)
        kept, count = re.subn(r"    server web-\d:8000[^\n]*\n", "", upstream.read_text())
        assert count == 2
        upstream.write_text(kept.replace("    least_conn;\n", f"    least_conn;\n{servers}"))


def change(path: Path, words: dict[str, str]) -> None:
    text = path.read_text()
    for old, new in words.items():
        assert old in text, (path, old)
        text = text.replace(old, new)
    path.write_text(text)
