import { Secret } from '../../../core/secret.ts'

/**
 * Converts values that a plain copy to another thread would change. A secret crosses as an `Int8Array` of its text's
 * bytes, a type without other use, and a buffer as the `Uint8Array` that the copy makes of it anyway. All other data is
 * plain. Data without secrets and buffers is sent unchanged.
 */

/** A Buffer may be a view of a larger pool, which would be sent as a whole: its bytes are then copied first. */
const toBytes = ({ buffer, byteLength, byteOffset }: Uint8Array): Uint8Array =>
  byteLength === buffer.byteLength
    ? new Uint8Array(buffer)
    : Uint8Array.from(new Uint8Array(buffer, byteOffset, byteLength))

const packOne = (value: object): unknown => {
  if (value instanceof Secret) return Int8Array.from(Buffer.from(value.reveal()))
  return value instanceof Uint8Array ? toBytes(value) : undefined
}

const unpackOne = (value: object): unknown => {
  if (value instanceof Int8Array)
    return new Secret(Buffer.from(value.buffer, value.byteOffset, value.length).toString())
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.length) : undefined
}

/** Returns a function that replaces nested values by `change(value)`; undefined keeps a value and descends into it. */
const createChange = (change: (value: object) => unknown) => {
  const changed = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value
    const other = change(value)
    if (other !== undefined) return other
    if (Array.isArray(value)) return changedList(value)
    if (value instanceof Map) return new Map([...value].map(([key, item]) => [key, changed(item)]))
    return changedObject(value as Record<string, unknown>)
  }
  const changedList = (list: readonly unknown[]): readonly unknown[] => {
    let copy: unknown[] | null = null
    for (let i = 0; i < list.length; i++) {
      const item = changed(list[i])
      if (item === list[i]) continue
      copy ??= [...list]
      copy[i] = item
    }
    return copy ?? list
  }
  const changedObject = (object: Record<string, unknown>): Record<string, unknown> => {
    let copy: Record<string, unknown> | null = null
    for (const name in object) {
      const item = changed(object[name])
      if (item === object[name]) continue
      copy ??= { ...object }
      copy[name] = item
    }
    return copy ?? object
  }
  return changed
}

export const pack = createChange(packOne)
export const unpack = createChange(unpackOne)
