/** Sets an entry as the newest of its map. Drops the oldest entry if there would be more than `max`. */
export const setNewest = <Key, Value>(map: Map<Key, Value>, max: number, [key, value]: readonly [Key, Value]): void => {
  map.delete(key)
  const [oldest] = map.size >= max ? map.keys() : []
  if (oldest !== undefined) map.delete(oldest)
  map.set(key, value)
}
