import type { Words } from '../core/language.ts'

interface Address {
  host: string
  port: number
}

/** What keeps a server from listening, by the system's code: the setting to change, and how. */
const ADVICE: Readonly<Record<string, readonly [setting: 'HOST' | 'PORT', en: string, zh: string]>> = {
  EADDRINUSE: [
    'PORT',
    'another program, perhaps another service, listens there; end it, or set a free PORT',
    '已有程序（可能是另一个本服务）在监听；请将其结束，或换一个空闲的 PORT',
  ],
  EACCES: [
    'PORT',
    'this user may not use ports under 1024; set a PORT above',
    '当前用户不能使用 1024 以下的端口；请换一个更大的 PORT',
  ],
  EADDRNOTAVAIL: [
    'HOST',
    'no interface of this machine has that address; set one that it has, such as 127.0.0.1 or 0.0.0.0',
    '本机没有这个地址；请设为本机已有的地址，例如 127.0.0.1 或 0.0.0.0',
  ],
  ENOTFOUND: [
    'HOST',
    'no address is known for that name; set an address, such as 127.0.0.1 or 0.0.0.0',
    '该主机名无法解析；请设为地址，例如 127.0.0.1 或 0.0.0.0',
  ],
}

export const explainListening = (
  { code = 'unknown' }: Pick<NodeJS.ErrnoException, 'code'>,
  { host, port }: Address,
): Words => {
  const [setting, en, zh] = ADVICE[code] ?? [
    'HOST',
    'set HOST and PORT to a free address',
    '请把 HOST 和 PORT 设为空闲的地址',
  ]
  return {
    en: `${setting}: cannot listen on ${host}:${port} (${code}): ${en}`,
    zh: `${setting}：无法监听 ${host}:${port}（${code}）：${zh}`,
  }
}
