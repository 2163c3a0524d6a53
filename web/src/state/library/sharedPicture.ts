/** The picture that a share link names beside its secret: which node gave it, and its file. */

import { fileUrl } from "../../api/client";
import { own } from "../../api/dict";
import { type Picture, updateRun } from "../runs";

export function sharedPictureQuery({ node, artifact }: Picture): string {
  return new URLSearchParams({ node, picture: artifact?.file ?? "" }).toString();
}

/** Show in a tab the picture that a link named; every user of the server may see its outputs. */
export function showSharedPicture(tab: string, query: URLSearchParams): void {
  const [node, file] = [query.get("node"), query.get("picture")];
  if (!node || !file) return;
  const picture: Picture = {
    url: fileUrl("output", file),
    thumbnail: fileUrl("output", file, 256),
    node,
    artifact: null,
    job: "",
  };
  // A file that was deleted meanwhile leaves no torn picture in the node.
  const image = new Image();
  image.onload = () =>
    updateRun(tab, ({ pictures }) =>
      own(pictures, node) === undefined ? { pictures: { ...pictures, [node]: [picture] } } : {},
    );
  image.src = picture.url;
}
