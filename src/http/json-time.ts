/** Epoch ms as ISO 8601 UTC. */
export const jsonTime = (at: number): string => new Date(at).toISOString()

export const jsonTimeOrNull = (at: number | null): string | null => (at === null ? null : jsonTime(at))
