// Drawn, since not every machine has a font with these signs.
const PATHS = {
  up: "M8 13V3M3.5 7.5 8 3l4.5 4.5",
  down: "M8 3v10M3.5 8.5 8 13l4.5-4.5",
  copy: "M5.5 5.5h8v8h-8zM10.500 5.500v-3h-8v8h3",
  remove: "M3.500 3.500l9 9M12.500 3.500l-9 9",
  add: "M8 2.500v11M2.500 8h11",
};

export const Icon = ({ name }) => (
  <svg class="rb-icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false"><path d={PATHS[name]} /></svg>
);

export const IconButton = ({ icon, label, ...rest }) => (
  <button type="button" class="rb-icon-button" aria-label={label} title={label} {...rest}><Icon name={icon} /></button>
);
