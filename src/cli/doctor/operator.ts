import { ADVICE_FOR, tellTest } from '../../app/open-operator.ts'
import type { Desk } from './desk.ts'
import { type Finding, failed, ok, skipped, todo, warning } from './finding.ts'
import { foundOf } from './work.ts'

type Told = NonNullable<Awaited<ReturnType<typeof tellTest>>>

/**
 * @param told what came of a test; null: none was sent
 * @param refused what the service has found of the channel
 */
export const judgeOperator = (
  host: string | null,
  { told, refused }: { told: Told | null; refused: Finding[] },
  call: string,
): Finding | Finding[] => {
  if (host === null)
    return warning(
      'OPERATOR_URL is not set: nobody is told when something goes wrong',
      '未设置 OPERATOR_URL：出问题时不会通知任何人',
      todo(
        'set it to the webhook address of a robot, then try it',
        '请设为群机器人的 webhook 地址，再试发',
        `${call} notify-test`,
      ),
    )
  if (told === null && refused.length > 0) return refused
  if (told === null)
    return ok(`operators are told at ${host}; --deep sends a test there`, `运维通知发往 ${host}；加 --deep 会试发一条`)
  const { channel, answer } = told
  if (answer.kind === 'told') return ok(`${channel} at ${host} has taken a test`, `${channel}（${host}）已接收测试消息`)
  const problem = answer.kind === 'refused' ? answer.problem : 'later'
  return failed(
    `${channel} at ${host} did not take a test (${answer.code})`,
    `${channel}（${host}）未接收测试消息（${answer.code}）`,
    todo(ADVICE_FOR.en[problem], ADVICE_FOR.zh[problem], `${call} notify-test`),
  )
}

export const checkOperator = async (desk: Desk): Promise<Finding | Finding[]> => {
  const { config, deep, offline, call, inspection } = desk
  if (config === null) return skipped('the settings must be corrected first', '请先改正配置')
  const { operator } = config
  const host = operator.url && new URL(operator.url.reveal()).host
  const told = deep && !offline ? await tellTest(operator) : null
  const refused = inspection?.age === 'current' ? await foundOf(desk, ['operators_not_told']) : []
  return judgeOperator(host, { told, refused }, call)
}
