// Bytes made readable.

const PREVIEW_BYTES = 48;
const PREVIEW_CHARACTERS = 400;
const encoder = new TextEncoder();

export const utf8Length = (text) => encoder.encode(text).length;

export function sizeText(count) {
  const bytes = `${count.toLocaleString('en')} byte${count === 1 ? '' : 's'}`;
  if (count < 10240) return bytes;
  const [value, unit] = count < 1048576 ? [count / 1024, 'KiB'] : [count / 1048576, 'MiB'];
  return `${bytes}, ${value.toFixed(1)} ${unit}`;
}

/** Rows of 16 bytes, in hexadecimal and as ASCII, of the first bytes. */
export function hexPreview(bytes) {
  const rows = [];
  for (let start = 0; start < Math.min(bytes.length, PREVIEW_BYTES); start += 16) {
    const row = [...bytes.subarray(start, Math.min(start + 16, PREVIEW_BYTES))];
    const hex = row.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const ascii = row.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '·')).join('');
    rows.push(`${hex.padEnd(47)}  ${ascii}`);
  }
  const left = bytes.length - PREVIEW_BYTES;
  if (left > 0) rows.push(`… and ${left.toLocaleString('en')} more`);
  return rows.join('\n');
}

export function textPreview(text) {
  if (text.length <= PREVIEW_CHARACTERS) return text;
  return `${[...text.slice(0, PREVIEW_CHARACTERS)].slice(0, -1).join('')} …`;
}

const PNG_SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
export const isPng = (bytes) => PNG_SIGNATURE.every((byte, index) => bytes[index] === byte);
