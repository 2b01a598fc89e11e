/** Of a node that has vanished the server ends the transaction within half a minute; by itself after 15 minutes, or two hours. */
const UNTIL_VANISHED = {
  tcp_keepalives_idle: 10,
  tcp_keepalives_interval: 5,
  tcp_keepalives_count: 3,
  tcp_user_timeout: 20_000,
}

/** Begins one that may wait for long, or do nothing for long. It holds no other node up once nobody is there any more. */
export const beginLong = (settings: Readonly<Record<string, number>>): string =>
  ['BEGIN', ...Object.entries({ ...UNTIL_VANISHED, ...settings }).map(set)].join('; ')

const set = ([name, value]: [string, number]) => `SET LOCAL ${name} = ${value}`
