interface Address {
  host: string
  port: number
}

/** What keeps a server from listening, by the system's code: the setting to change, and how. */
const ADVICE: Readonly<Record<string, readonly [setting: 'HOST' | 'PORT', advice: string]>> = {
  EADDRINUSE: ['PORT', 'another program, perhaps another service, listens there; end it, or set a free PORT'],
  EACCES: ['PORT', 'this user may not use ports under 1024; set a PORT above'],
  EADDRNOTAVAIL: [
    'HOST',
    'no interface of this machine has that address; set one that it has, such as 127.0.0.1 or 0.0.0.0',
  ],
  ENOTFOUND: ['HOST', 'no address is known for that name; set an address, such as 127.0.0.1 or 0.0.0.0'],
}

export const explainListening = (
  { code = 'unknown' }: Pick<NodeJS.ErrnoException, 'code'>,
  { host, port }: Address,
): string => {
  const [setting, advice] = ADVICE[code] ?? ['HOST', 'set HOST and PORT to a free address']
  return `${setting}: cannot listen on ${host}:${port} (${code}): ${advice}`
}
