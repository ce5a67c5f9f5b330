// What can be done with a whole row or group. The focus stays with what was moved, or goes to its neighbour.
import { IconButton } from "./icons.jsx";
import { at, of, useLive } from "./live.js";

export function Tools({ path, node, name, actions, shiftUpDisabled, shiftDownDisabled }) {
  const { focus } = useLive();
  const parent = path.slice(0, -1);
  const index = path.at(-1);
  const part = node.rules ? "combinator" : "field";
  const move = (way) => {
    actions.moveRule(path, way);
    focus(of(node.id, way), of(node.id, way === "up" ? "down" : "up"));
  };
  const copy = () => {
    actions.moveRule(path, [...parent, index + 1], true);
    focus(at([...parent, index + 1], part));
  };
  const remove = () => {
    (node.rules ? actions.onGroupRemove : actions.onRuleRemove)(path);
    const neighbours = [index, index - 1].flatMap((place) => [at([...parent, place], "field"), at([...parent, place], "combinator")]);
    focus(...neighbours, `[data-path="${parent.join(".") || "root"}"] > .rb-adders > [data-part="add"]`);
  };
  return (
    <div class="rb-tools" role="group" aria-label={`Change ${name}`}>
      <IconButton icon="up" data-part="up" label={`Move ${name} up`} disabled={shiftUpDisabled} onClick={() => move("up")} />
      <IconButton icon="down" data-part="down" label={`Move ${name} down`} disabled={shiftDownDisabled} onClick={() => move("down")} />
      <IconButton icon="copy" label={`Duplicate ${name}`} onClick={copy} />
      <IconButton icon="remove" data-part="remove" label={`Remove ${name}`} onClick={remove} />
    </div>
  );
}
