/** Sets an entry as the newest of its map. Drops the oldest entry if there would be more than `most`. */
export const setNewest = <Key, Value>(
  map: Map<Key, Value>,
  most: number,
  [key, value]: readonly [Key, Value],
): void => {
  map.delete(key)
  const [oldest] = map.size >= most ? map.keys() : []
  if (oldest !== undefined) map.delete(oldest)
  map.set(key, value)
}
