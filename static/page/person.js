// What the page shows of a user, whether it came from a source or out of MongoDB. The data may be anything.

/** `{name, place, picture}`, every part a string. */
export function personOf(user) {
  const name = [textOf(user?.name?.first), textOf(user?.name?.last)].filter(Boolean).join(" ");
  const place = [textOf(user?.location?.city), textOf(user?.location?.country)].filter(Boolean).join(", ");
  return {
    name: name || textOf(user?.email) || "Without a name",
    place,
    picture: textOf(user?.picture?.medium) || textOf(user?.picture?.thumbnail) || textOf(user?.picture?.large),
  };
}

/** Up to two letters that stand for a name where there is no picture. */
export function initialsOf(name) {
  const words = name.split(/\s+/u).filter(Boolean);
  const letters = [words[0], words.length > 1 ? words.at(-1) : ""].map((word) => [...(word ?? "")][0] ?? "");
  return letters.join("").toLocaleUpperCase();
}

function textOf(value) {
  return typeof value === "string" ? value : "";
}
