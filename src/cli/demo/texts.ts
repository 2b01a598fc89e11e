import type { Language } from '../../core/language.ts'
import type { Fault } from './scenes.ts'

const en = {
  title: 'idface-notifier demo: everything in one process, with a temporary database.',
  partner: 'partner',
  notifier: 'notifier',
  upstream: 'GetResult',
  receiver: 'callback',
  scenes: {
    'demo-pass': 'the person passes after 3 s',
    'demo-fail': 'the person fails after 5 s',
    'demo-retry': 'the person passes after 2 s, and the callback answers 500 twice before 200',
    'demo-unknown': 'GetResult does not know this serial; here it is given up after 7 s',
  } as Readonly<Record<string, string>>,
  registers: (path: string) => `POST /v1/registrations, callback ${path}`,
  poll: (number: number, answer: string) => `poll ${number}: ${answer}`,
  answers: {
    '2 ING': 'ING, not finished yet',
    '2 SUCCESS': 'SUCCESS',
    '2 FAIL': 'FAIL',
    '4061': '4061, no such serial (yet)',
  } as Readonly<Record<string, string>>,
  delivery: (type: string, attempt: number) => `${type}, attempt ${attempt}: `,
  verified: 'verified',
  unverified: (why: string) => `NOT verified (${why})`,
  answered: (status: number | null, refused: boolean) => ` → ${status ?? 'no answer'}${refused ? ', refused' : ''}`,
  held: ({ registered, webhooks, deliveries }: { registered: number; webhooks: number; deliveries: number }) =>
    `${registered} registered, ${webhooks} webhooks received and verified (in ${deliveries} attempts)`,
  polls: (polls: number, seconds: string) => `${polls} polls of GetResult, ${seconds} s`,
  broken: 'Not everything went as it should:',
  fault: ({ idcardid, expected, got }: Fault) => `${idcardid}: expected ${expected}, got ${got}`,
  next: (call: string): readonly (readonly [command: string, what: string])[] => [
    [`${call} demo --keep`, 'the same, and it keeps running for your own curl'],
    [`${call} --help`, 'all commands'],
    ['README.md', 'your first webhook in five minutes'],
  ],
  tooLong: (seconds: number) => `The demo did not end within ${seconds} s.`,
  kept: {
    title: 'The service keeps running. Ctrl-C stops it and removes its database.',
    set: 'Paste this into another terminal first:',
    register: 'Register a serial; paste all of it:',
    look: 'What has become of it, newest first:',
    why: 'Why there is no webhook yet (put in an id):',
  },
  serials:
    'The same serial again is the same registration, without a second webhook: take test_success_3s_2 then.\nThe simulator also knows test_fail_10s, test_notfound and test_expire; any other serial is 4061.',
}

const zh: typeof en = {
  title: 'idface-notifier 演示：全部在一个进程内运行，使用临时数据库。',
  partner: '合作方',
  notifier: '本服务',
  upstream: 'GetResult',
  receiver: '接收端',
  scenes: {
    'demo-pass': '用户 3 秒后通过核验',
    'demo-fail': '用户 5 秒后未通过核验',
    'demo-retry': '用户 2 秒后通过核验；接收端先返回两次 500，再返回 200',
    'demo-unknown': 'GetResult 查不到该流水号；演示中 7 秒后放弃',
  },
  registers: path => `POST /v1/registrations，回调到 ${path}`,
  poll: (number, answer) => `第 ${number} 次查询：${answer}`,
  answers: {
    '2 ING': 'ING，尚未完成',
    '2 SUCCESS': 'SUCCESS，通过',
    '2 FAIL': 'FAIL，未通过',
    '4061': '4061，（暂时）查不到该流水号',
  },
  delivery: (type, attempt) => `${type}，第 ${attempt} 次投递：`,
  verified: '验签通过',
  unverified: why => `验签失败（${why}）`,
  answered: (status, refused) => ` → ${status ?? '无响应'}${refused ? '，拒收' : ''}`,
  held: ({ registered, webhooks, deliveries }) =>
    `登记 ${registered} 条，收到并验签通过的回调 ${webhooks} 个（共投递 ${deliveries} 次）`,
  polls: (polls, seconds) => `查询 GetResult ${polls} 次，用时 ${seconds} 秒`,
  broken: '结果与预期不符：',
  fault: ({ idcardid, expected, got }) => `${idcardid}：应为 ${expected}，实为 ${got}`,
  next: call => [
    [`${call} demo --keep`, '再来一遍，结束后保持运行，可用 curl 试用'],
    [`${call} --help`, '查看全部命令'],
    ['README.zh-CN.md', '五分钟收到第一个回调'],
  ],
  tooLong: seconds => `演示未能在 ${seconds} 秒内结束。`,
  kept: {
    title: '服务保持运行。按 Ctrl-C 结束，并删除临时数据库。',
    set: '先在另一个终端整段粘贴：',
    register: '登记一个流水号（整段粘贴）：',
    look: '查看登记（新的在前）：',
    why: '为什么还没有回调（填入登记的 id）：',
  },
  serials:
    '同一流水号再次登记，得到的是原有的登记，不会再次回调；请换用 test_success_3s_2 等。\n模拟器还认识 test_fail_10s、test_notfound、test_expire；其他流水号一律返回 4061。',
}

export type DemoTexts = typeof en
export const DEMO_TEXTS: Readonly<Record<Language, typeof en>> = { en, zh }
