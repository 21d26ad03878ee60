/** Ranges of code points that terminals draw two columns wide (Unicode East Asian Width W and F, coarsely). */
const wide: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0xa4cf],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1faff],
  [0x20000, 0x3fffd],
];

/** Columns that the text takes on a terminal. The text holds no control characters. */
export function textWidth(text: string): number {
  let columns = 0;
  for (const character of text) columns += characterWidth(character);
  return columns;
}

/** The text in exactly `columns` columns: padded at the end, or shortened in its middle with `…`. */
export function fitText(text: string, columns: number): string {
  const width = textWidth(text);
  if (width <= columns) return text + " ".repeat(columns - width);
  if (columns <= 1) return "…".slice(0, Math.max(columns, 0));
  const characters = [...text];
  const head: string[] = [];
  const tail: string[] = [];
  let used = 1;
  let [left, right] = [0, characters.length - 1];
  for (let takeTail = true; left <= right; takeTail = !takeTail) {
    const next = (takeTail ? characters[right] : characters[left]) ?? "";
    if (used + characterWidth(next) > columns) break;
    used += characterWidth(next);
    if (takeTail) {
      tail.unshift(next);
      right -= 1;
    } else {
      head.push(next);
      left += 1;
    }
  }
  return `${head.join("")}…${tail.join("")}${" ".repeat(columns - used)}`;
}

function characterWidth(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (/\p{Mark}|\u200d|\ufe0f/u.test(character)) return 0;
  return wide.some(([first, last]) => code >= first && code <= last) ? 2 : 1;
}
