/** Strict, because decoders skip or take what should not be there; null for what is not exactly the base64 of some bytes. */
export const readBase64 = (text: string): Uint8Array<ArrayBuffer> | null => {
  if (!/^[0-9A-Za-z+/]*={0,2}$/.test(text) || text.length % 4 !== 0) return null
  const binary = atob(text)
  // The last character may have bits that no byte is made of.
  return btoa(binary) === text ? Uint8Array.from(binary, character => character.charCodeAt(0)) : null
}
