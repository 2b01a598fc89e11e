/** Where fuzzing starts: valid responses, and lines and bytes that do not belong there. */
const OK = 'HTTP/1.1 200 OK\r\n'
const SEEDS = [
  `${OK}content-length: 5\r\n\r\nhello`,
  `${OK}date: Tue, 01 Sep 2026 10:00:00 GMT\r\ncontent-encoding: identity\r\nContent-Length:  11 \r\n\r\nhello world`,
  `${OK}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n`,
  `${OK}Transfer-Encoding: Chunked\r\n\r\nA;a=b;c="d e"\r\n0123456789\r\n0\r\nexpires: 0\r\n\r\n`,
  'HTTP/1.1 503 Busy\r\nretry-after: 120\r\ncontent-length: 0\r\nconnection: close\r\n\r\n',
  'HTTP/1.1 204 No Content\r\n\r\n',
  'HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n',
  `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: <x>\r\n\r\n${OK}content-length: 2\r\n\r\nok`,
  'HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok',
  `${OK}x: y\r\n\r\nuntil the end`,
  `${'HTTP/1.1 100 ?\r\n\r\n'.repeat(8)}HTTP/1.1 204 ?\r\n\r\n`,
]
const HEADER_LINES = [
  'content-length: 5|content-length: 0|Content-Length: 2|content-length:| x|\tx|x: y|retry-after: 1|date: x',
  'transfer-encoding: chunked|transfer-encoding: identity|upgrade: x\r\nconnection: upgrade',
  'connection: close|connection: keep-alive|connection: x, close|HTTP/1.1 200 OK|0;a',
].flatMap(lines => lines.split('|').map(line => `${line}\r\n`))
const SNIPPETS = [
  '\r\n|\n|\r|\r\n\r\n| |\t|\0|\x7f|\xa0|\xff|:|;|,|"|=|0|1|5|a|-|+|05|0x5|5 |204|304|199|1xx|099|FFFFFFFF|99999999999999999999',
  ', identity|chunked|gzip, |HTTP/1.0|HTTP/2.0|;a|;a=|;a="b"|0\r\n\r\n|5\r\nhello\r\n',
  'HTTP/1.1 101 ?\r\n\r\n|HTTP/1.1 150 ?\r\ncontent-length: 3\r\n\r\n|HTTP/1.1 100 ?\r\n\r\n',
]
  .flatMap(snippets => snippets.split('|'))
  .concat(HEADER_LINES)

/** A response with one to three changes; `random` as for `createRandom`. Latin-1. */
export const mutate = (random: () => number): string => {
  const below = (limit: number) => Math.floor(random() * limit)
  const pick = <T>(from: readonly T[]): T => from[below(from.length)] as T
  let text = pick(SEEDS)
  const edits = [
    (at: number) => text.slice(0, at) + pick(SNIPPETS) + text.slice(at),
    (at: number) => text.slice(0, at) + pick(SNIPPETS) + text.slice(at + 1),
    (at: number) => text.slice(0, at) + text.slice(at + 1 + below(3)),
    (at: number) => text.slice(0, at) + String.fromCharCode(below(256)) + text.slice(at + 1),
    (at: number) => text.slice(0, at) + text.slice(at).replace(/\r\n/, `\r\n${pick(SNIPPETS)}`),
    (at: number) => text.slice(0, at) + text.slice(at).replace(/[a-z]+/, part => part.toUpperCase()),
    (at: number) => text.slice(0, at) + pick(SEEDS).slice(below(20)),
    (at: number) => text.slice(0, at),
  ]
  for (let count = 1 + below(3); count > 0; count--) text = pick(edits)(below(text.length + 1))
  return text
}
