// The newest users, with picture and status. Choosing one shows its journey.

import { duration } from "../format.js";
import { newestOf } from "../newest.js";
import { element, ownDirection, setHidden, setText } from "./element.js";
import { face } from "./face.js";

/** `choose(user)` is called with an entry of `newestOf`. Returns `render(session)`. */
export function createNewest(section, choose) {
  const list = section.querySelector(".people");
  const cards = new Map();

  return ({ accepted, documents }) => {
    const newest = newestOf(accepted, documents);
    setHidden(section.querySelector(".empty"), newest.length > 0);
    for (const id of [...cards.keys()].filter((known) => !newest.some((user) => user.id === known))) {
      cards.get(id).item.remove();
      cards.delete(id);
    }
    newest.forEach((user, position) => {
      const card = cards.get(user.id) ?? createCard(user, choose);
      cards.set(user.id, card);
      card.show(user);
      if (list.children[position] !== card.item) list.insertBefore(card.item, list.children[position] ?? null);
    });
  };
}

function createCard(user, choose) {
  let shown = user;
  const name = ownDirection(user.person.name, "name");
  const place = ownDirection(user.person.place, "place");
  const status = element("span", "status");
  const route = element("span", "route");
  const who = element("span", "who", name, place);
  const button = element("button", "person", face(user.person), who, element("span", "state", status, route));
  button.type = "button";
  button.addEventListener("click", () => choose(shown));

  const show = (now) => {
    shown = now;
    setText(status, now.status);
    status.dataset.status = now.status;
    setText(route, Number.isFinite(now.crossing) ? `${now.appId} · ${duration(now.crossing)}` : now.appId);
  };
  return { item: element("li", "", button), show };
}
