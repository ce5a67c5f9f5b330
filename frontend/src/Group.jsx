// A group: how its members are joined, the members, and buttons to add more.
import { isRuleGroup } from "react-querybuilder";

import { newGroup, newRow } from "./expression.js";
import { Icon } from "./icons.jsx";
import { at, numberOf, of, useLive } from "./live.js";
import { Note, problemId, useProblem } from "./Note.jsx";
import { Tools } from "./Tools.jsx";

const COMBINATORS = { all: "All of these hold", any: "Any of these holds", none: "None of these holds" };
const BETWEEN = { all: "and", any: "or", none: "nor" };

export function Group(props) {
  const { path, ruleGroup, schema, actions } = props;
  const { focus } = useLive();
  const problem = useProblem(path);
  const name = path.length ? `Group ${numberOf(path)}` : "The rule";
  const add = (node) => {
    (node.rules ? actions.onGroupAdd : actions.onRuleAdd)(node, path);
    focus(at([...path, ruleGroup.rules.length], "field"), at([...path, ruleGroup.rules.length], "combinator"));
  };
  return (
    <div class="rb-group" role="group" aria-label={name} data-path={path.join(".") || "root"} data-node={ruleGroup.id}>
      <div class="rb-head">
        {path.length > 0 && <span class="rb-number" aria-hidden="true">{numberOf(path)}</span>}
        <select
          class="rb-combinator" data-part="combinator" aria-label={`${name}: when it holds`} value={ruleGroup.combinator}
          aria-describedby={problem && problemId(path)}
          onChange={(event) => actions.onPropChange("combinator", event.currentTarget.value, path)}
        >
          {Object.entries(COMBINATORS).map(([value, words]) => <option key={value} value={value}>{words}</option>)}
        </select>
        {path.length > 0 && <Tools {...props} node={ruleGroup} name={`group ${numberOf(path)}`} />}
      </div>
      <Note path={path} />
      <Members {...props} />
      <div class="rb-adders">
        <button type="button" class="rb-add" data-part="add" onClick={() => add(newRow())}><Icon name="add" /> Add condition</button>
        {path.length < DEPTH_MAX - 1 && (
          <button type="button" class="rb-add" onClick={() => add(newGroup())}><Icon name="add" /> Add group</button>
        )}
      </div>
    </div>
  );
}

const DEPTH_MAX = 8;

function Members({ path, ruleGroup, schema, actions }) {
  const { rule: RowControl, ruleGroup: GroupControl } = schema.controls;
  const last = ruleGroup.rules.length - 1;
  const isRoot = path.length === 0;
  return ruleGroup.rules.map((node, index) => {
    const common = {
      id: node.id, path: [...path, index], schema, actions, siblings: ruleGroup.rules.length,
      shiftUpDisabled: isRoot && index === 0, shiftDownDisabled: isRoot && index === last,
    };
    return (
      <div class="rb-member" key={node.id} data-between={index > 0 ? BETWEEN[ruleGroup.combinator] : undefined}>
        {isRuleGroup(node) ? <GroupControl {...common} ruleGroup={node} /> : <RowControl {...common} rule={node} />}
      </div>
    );
  });
}
