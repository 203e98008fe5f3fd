// A round picture, or initials where there is none that may be shown.

import { initialsOf } from "../person.js";
import { safePicture } from "../picture.js";
import { element } from "./element.js";

/** The face of `{name, picture}`. The name stands beside it, so it says nothing to a screen reader. */
export function face({ name, picture }) {
  const address = safePicture(picture, location.origin);
  const initials = element("span", "face", initialsOf(name));
  initials.setAttribute("aria-hidden", "true");
  if (!address) return initials;
  const image = element("img", "face");
  image.alt = "";
  image.width = 48;
  image.height = 48;
  image.decoding = "async";
  image.referrerPolicy = "no-referrer";
  image.addEventListener("error", () => image.replaceWith(initials), { once: true });
  image.src = address;
  return image;
}
