import { describeFault, type TroubleWords } from './fault-texts.ts'
import type { Language } from './language.ts'
import { namesOf, remediesOf } from './node-trait-texts.ts'
import { roundedRate, showBytes, showSpan } from './show-sizes.ts'
import { SHOW_TIME, type ShowTime } from './show-time.ts'
import { LATE_MS, type Trouble, type TroubleCode } from './trouble.ts'
import { writeReference, writeRemedy, writeSentence } from './write-error-texts.ts'

/** When it is said (epoch ms), and how a time is written. */
interface Moment {
  at: number
  showTime: ShowTime
}

/** Says it in words of the reader's language, as of `at` (epoch ms); `showTime` knows the reader's zone. */
export const describeTrouble = (
  trouble: Trouble,
  language: Language,
  at: number,
  showTime = SHOW_TIME[language],
): TroubleWords => {
  const words = TEXTS[language][trouble.code] as (trouble: Trouble, moment: Moment) => TroubleWords
  return words(trouble, { at, showTime })
}

type TroubleTexts = {
  [Code in TroubleCode]: (trouble: Extract<Trouble, { code: Code }>, moment: Moment) => TroubleWords
}

/** A commit does not fit into less: it writes some pages of 4 KiB. */
const FULL_BYTES = 32 * 1024

const atLeast = (count: number, isCapped: boolean): string => `${count}${isCapped ? '+' : ''}`
/** An event of an earlier version does not know the name. */
export const showPartner = ({ partnerId, partnerName }: { partnerId: string; partnerName?: string }): string =>
  partnerName === undefined ? partnerId : `${partnerName} (${partnerId})`

/** What is not ahead is under way. */
const isAhead = (at: number | null, now: number): at is number => at !== null && at > now

const en: TroubleTexts = {
  store_failing: ({ error }) => ({
    sentence: writeSentence(error, 'en'),
    remedy: `${writeRemedy(error, 'en')} The service goes on by itself. ${writeReference(error).en}`,
  }),
  no_service: () => ({
    sentence: 'No service is running on this database: nothing is asked, and no webhook is sent.',
    remedy:
      'Start it, as it was started before (npm start, systemctl start idface-notifier), and look in the last lines of its log for why it ended.',
  }),
  account_paused: ({ account, since, reason, upstreamCode, nextTryAt }, { at, showTime }) => ({
    sentence: `Account ${account} has been paused since ${showTime(since)}: ${describeFault(reason, 'en').sentence} (code ${upstreamCode ?? '-'}). Its serials wait; none of them expires.`,
    remedy: `${describeFault(reason, 'en').remedy} ${isAhead(nextTryAt, at) ? `The next try is at ${showTime(nextTryAt)}` : 'The service tries the account again by itself'}; once this is mended, "idface-notifier account resume ${account}" has it tried at once.`,
  }),
  account_paused_by_operator: ({ account, since }, { showTime }) => ({
    sentence: `An operator paused account ${account} at ${showTime(since)}. Its serials wait.`,
    remedy: `When it may go on, run "idface-notifier account resume ${account}".`,
  }),
  upstream_unreachable: ({ account, since, error, nextTryAt }, { at, showTime }) => ({
    sentence: `GetResult cannot be reached with account ${account} since ${showTime(since)} (${error}). Its serials wait; none of them expires within a day.`,
    remedy: `Look at DNS, the network, a firewall and proxies of this machine; if they are well, ask the vendor. The service goes on by itself as soon as GetResult answers${isAhead(nextTryAt, at) ? `; the next try is at ${showTime(nextTryAt)}` : ''}.`,
  }),
  polls_late: ({ account, since, due, isCapped, rate, rateNow, etaMs, everyMs }, { showTime }) => {
    const late = `Polls of account ${account} have been late since ${showTime(since)}: ${atLeast(due, isCapped)} are due`
    if (everyMs !== undefined)
      return {
        sentence: `${late}. More wait than ${roundedRate(rate)} calls a second can ask about within POLL_MAX_INTERVAL, so each is asked about every ${showSpan(everyMs, 'en')} on average.`,
        remedy:
          'This lasts as long as so many are open: what is asked about comes due again. Have the vendor allow more calls and raise UPSTREAM_RATE, or raise POLL_MAX_INTERVAL, so that what has been open for long leaves its calls to the others.',
      }
    return {
      sentence: `${late}${etaMs === null ? '' : `, and one round of calls takes ${isCapped ? 'more than' : 'about'} ${showSpan(etaMs, 'en')} at ${rateNow < rate ? `${roundedRate(rateNow)} calls a second now, and up to ${roundedRate(rate)}` : `${roundedRate(rate)} calls a second`}`}.`,
      remedy:
        'After an outage or a large batch this goes away by itself, in more than one round where checks stay open and come due again. If it stays, have the vendor allow more calls and raise UPSTREAM_RATE, or raise POLL_MIN_INTERVAL and POLL_MAX_INTERVAL to ask less often.',
    }
  },
  deliveries_held: ({ since, due, isCapped }, { showTime }) => ({
    sentence: `An operator has held all webhooks since ${showTime(since)}: ${atLeast(due, isCapped)} are due, and none is sent.`,
    remedy: 'When they may go out, run "idface-notifier deliveries resume".',
  }),
  deliveries_late: ({ since, due, isCapped, mostFor }, { at, showTime }) => ({
    sentence: `Webhooks have been late since ${showTime(since)}, and the oldest has been due for ${showSpan(at - since + LATE_MS, 'en')}: ${
      mostFor
        ? `${mostFor.due} of ${atLeast(due, isCapped)} that are due are for ${mostFor.host} of ${showPartner(mostFor)}${mostFor.isSilent ? ', which does not answer' : ''}`
        : `${atLeast(due, isCapped)} are due`
    }.`,
    remedy: mostFor?.isSilent
      ? `Tell partner ${showPartner(mostFor)} that its receiver does not answer. It holds up nobody else, and more slots would not help: a host that only fails gets one attempt at a time.`
      : 'After a start or a break of the service this goes away by itself. If it stays, look in the log for delivery.round_failed and delivery.settle_delayed (the database), then for many attempts that fail with the same error (DNS, egress, proxy). If receivers are slow, raise CALLBACK_CONCURRENCY.',
  }),
  node_lost: ({ node, since, undone }, { showTime }) => ({
    sentence: `The node ${node} has not shown itself since ${showTime(since)}. ${undone ? `No other node has ${undone.join(', ')} in its ROLES: that is not done now.` : 'Other nodes with its ROLES do its work.'}`,
    remedy:
      'Look whether its process runs, and reaches the database; start it again. If it is not to come back, start another one with its ROLES in its place; without one it is forgotten after a day.',
  }),
  node_differs: ({ node, since, differsIn }, { showTime }) => ({
    sentence: `Since ${showTime(since)} the node ${node} differs from the others: ${namesOf(differsIn, 'en')}.`,
    remedy: remediesOf(differsIn, 'en'),
  }),
  clock_wrong: ({ node, aheadMs }) => ({
    sentence: `The clock of ${node} is ${showSpan(Math.abs(aheadMs), 'en')} ${aheadMs > 0 ? 'behind' : 'ahead of'} GetResult's. Receivers refuse webhooks whose time is minutes off.`,
    remedy:
      'Have the machine keep its clock right: run "sudo timedatectl set-ntp true" there, and "timedatectl" to see that it has. The service needs no restart.',
  }),
  disk_low: ({ freeBytes }) => ({
    sentence:
      freeBytes < FULL_BYTES
        ? `The disk of the database is full (${showBytes(freeBytes)} left): registrations are refused now.`
        : `The disk of the database has ${showBytes(freeBytes)} left. When it is full, registrations are refused.`,
    remedy:
      'Free some space or enlarge the disk; then shorten RETENTION and run "idface-notifier prune". Do not stop the service on a full disk.',
  }),
  backup_failed: ({ since, reason }, { showTime }) => ({
    sentence: `The last backup failed at ${showTime(since)} (${reason}).`,
    remedy:
      'Run "idface-notifier backup FILE" by hand: it says what to do. See “Backup and restore” in docs/operations.md.',
  }),
  operators_not_told: ({ since, channel, problem, error }, { showTime }) => {
    const untold = `Operators have not been told of anything since ${showTime(since)}: OPERATOR_URL (${channel})`
    if (problem === null)
      return {
        sentence: `${untold} takes nothing it is sent (${error}). What there is to tell is kept, and tried again within 15 minutes.`,
        remedy:
          'Look at DNS, the network and a firewall between here and OPERATOR_URL, or, where it has answered, into the log of the receiver. "idface-notifier notify-test" tries it; a restart tries the rest at once. See "Being told" in docs/operations.md.',
      }
    return {
      sentence: `${untold} refuses all it is sent (${problem}: ${error}). What there is to tell is kept, and one message is tried each hour.`,
      remedy:
        'Run "idface-notifier notify-test": it says what to correct. The next try that is taken sends the rest; a restart tries at once. See "Being told" in docs/operations.md.',
    }
  },
  messages_exhausted: ({ count }) => ({
    sentence: `${count === 1 ? '1 webhook was' : `${count} webhooks were`} given up in the last day: ${count === 1 ? 'its partner has' : 'their partners have'} not been told.`,
    remedy:
      '"idface-notifier registration list --delivery exhausted" shows whose. Tell the partners; when a receiver works again, run "idface-notifier resend --partner PARTNER --since 24h", or let the partner do so (POST /v1/resend).',
  }),
  callbacks_failing: ({ urls }) => ({
    sentence: `${urls === 1 ? '1 callback URL has' : `${urls} callback URLs have`} only failed for an hour or more. Their webhooks are tried on.`,
    remedy:
      '"idface-notifier callback list" shows the URLs, since when and why. Tell the partners. Where many fail with the same error, look at DNS, egress and proxy of this machine.',
  }),
  messages_held: ({ held, urls }) => ({
    sentence: `${held === 1 ? '1 webhook is' : `${held} webhooks are`} on hold (callback URLs: ${urls}): the URL answered 410, or is disabled after five days of failures or by an operator.`,
    remedy:
      '"idface-notifier callback list" shows the URLs. Ask the partners to register with their URL again, or to resend; what an operator disabled goes on by "idface-notifier callback enable URL --partner PARTNER" alone.',
  }),
}

const zh: TroubleTexts = {
  store_failing: ({ error }) => ({
    sentence: writeSentence(error, 'zh'),
    remedy: `${writeRemedy(error, 'zh')}恢复后服务会自动继续。${writeReference(error).zh}`,
  }),
  no_service: () => ({
    sentence: '没有服务在此数据库上运行：不会查询，也不会投递回调。',
    remedy:
      '请按原来的方式启动服务（npm start、systemctl start idface-notifier），并查看其日志的最后几行，了解其退出原因。',
  }),
  account_paused: ({ account, since, reason, upstreamCode, nextTryAt }, { at, showTime }) => ({
    sentence: `账户 ${account} 自${showTime(since)} 起暂停使用：${describeFault(reason, 'zh').sentence}（返回码 ${upstreamCode ?? '-'}）。其流水号等待中，不会过期。`,
    remedy: `${describeFault(reason, 'zh').remedy}${isAhead(nextTryAt, at) ? `下次重试时间为${showTime(nextTryAt)}` : '系统会自动重试该账户'}；处理完成后，可运行 "idface-notifier account resume ${account}" 立即重试。`,
  }),
  account_paused_by_operator: ({ account, since }, { showTime }) => ({
    sentence: `运维人员已于${showTime(since)} 暂停账户 ${account}，其流水号等待中。`,
    remedy: `可以恢复时，请运行 "idface-notifier account resume ${account}"。`,
  }),
  upstream_unreachable: ({ account, since, error, nextTryAt }, { at, showTime }) => ({
    sentence: `自${showTime(since)} 起，账户 ${account} 无法连接上游（${error}）。其流水号等待中，一天之内不会过期。`,
    remedy: `请检查本机的 DNS、网络、防火墙和代理；均正常时请联系上游。上游恢复响应后，系统会自动继续${isAhead(nextTryAt, at) ? `；下次重试时间为${showTime(nextTryAt)}` : ''}。`,
  }),
  polls_late: ({ account, since, due, isCapped, rate, rateNow, etaMs, everyMs }, { showTime }) => {
    const late = `账户 ${account} 的查询自${showTime(since)} 起延迟：${atLeast(due, isCapped)} 个流水号待查询`
    if (everyMs !== undefined)
      return {
        sentence: `${late}。等待中的流水号过多，按每秒 ${roundedRate(rate)} 次无法在 POLL_MAX_INTERVAL 内查询一遍，每个流水号平均约 ${showSpan(everyMs, 'zh')}查询一次。`,
        remedy:
          '未结束的流水号查询之后还会再次到期，只要仍有这么多，延迟就会持续。请向上游申请更高频率后调大 UPSTREAM_RATE，或调大 POLL_MAX_INTERVAL，让等待已久的流水号少占用查询次数。',
      }
    return {
      sentence: `${late}${etaMs === null ? '' : `，${rateNow < rate ? `目前每秒 ${roundedRate(rateNow)} 次，将升至 ${roundedRate(rate)} 次，` : `按每秒 ${roundedRate(rate)} 次计算，`}查询一轮${isCapped ? '至少' : '大约'}需要 ${showSpan(etaMs, 'zh')}`}。`,
      remedy:
        '上游中断或大批量登记之后，会自行恢复；未结束的流水号会再次到期，因此可能不止一轮。如果持续存在，请向上游申请更高频率后调大 UPSTREAM_RATE，或调大 POLL_MIN_INTERVAL 和 POLL_MAX_INTERVAL 以降低查询频率。',
    }
  },
  deliveries_held: ({ since, due, isCapped }, { showTime }) => ({
    sentence: `运维人员自${showTime(since)} 起暂停投递全部回调：${atLeast(due, isCapped)} 个回调待投递。`,
    remedy: '可以恢复时，请运行 "idface-notifier deliveries resume"。',
  }),
  deliveries_late: ({ since, due, isCapped, mostFor }, { at, showTime }) => ({
    sentence: `回调自${showTime(since)} 起延迟，最久的已等待 ${showSpan(at - since + LATE_MS, 'zh')}：${atLeast(due, isCapped)} 个回调待投递${
      mostFor
        ? `，其中 ${mostFor.due} 个发往 ${showPartner(mostFor)} 的 ${mostFor.host}${mostFor.isSilent ? '，该主机没有响应' : ''}`
        : ''
    }。`,
    remedy: mostFor?.isSilent
      ? `请告知合作方 ${showPartner(mostFor)}：其接收端没有响应。它不影响其他合作方，增加并发也无济于事：一直失败的主机同一时间只发送一个请求。`
      : '服务启动或中断之后，会自行恢复。如果持续存在，请先在日志中查找 delivery.round_failed 和 delivery.settle_delayed（数据库问题），再查看是否有大量投递因同一错误失败（DNS、出口网络、代理）。如果接收端较慢，请调大 CALLBACK_CONCURRENCY。',
  }),
  node_lost: ({ node, since, undone }, { showTime }) => ({
    sentence: `节点 ${node} 自${showTime(since)} 起没有报到，${undone ? `且其他节点的 ROLES 均不含 ${undone.join('、')}，这部分工作目前无人承担` : '其工作由具有相同 ROLES 的其他节点承担'}。`,
    remedy:
      '请检查其进程是否运行、能否访问数据库，并重新启动它。若不再恢复，请启动一个具有相同 ROLES 的节点来接替；没有接替的，一天后不再提示。',
  }),
  node_differs: ({ node, since, differsIn }, { showTime }) => ({
    sentence: `自${showTime(since)} 起，节点 ${node} 与其他节点不一致：${namesOf(differsIn, 'zh')}。`,
    remedy: remediesOf(differsIn, 'zh'),
  }),
  clock_wrong: ({ node, aheadMs }) => ({
    sentence: `${node} 的时钟比 GetResult ${aheadMs > 0 ? '慢' : '快'} ${showSpan(Math.abs(aheadMs), 'zh')}。相差数分钟时，接收端会拒收回调。`,
    remedy: '请让该机器自动校时：在其上运行 "sudo timedatectl set-ntp true"，再用 "timedatectl" 确认。服务无需重启。',
  }),
  disk_low: ({ freeBytes }) => ({
    sentence:
      freeBytes < FULL_BYTES
        ? `数据库所在磁盘已写满（仅剩 ${showBytes(freeBytes)}）：新的登记目前会被拒绝。`
        : `数据库所在磁盘仅剩 ${showBytes(freeBytes)}。磁盘写满后，新的登记会被拒绝。`,
    remedy: '请先清理或扩容磁盘，再缩短 RETENTION 并运行 "idface-notifier prune"。磁盘写满时不要停止服务。',
  }),
  backup_failed: ({ since, reason }, { showTime }) => ({
    sentence: `上次备份于${showTime(since)} 失败（${reason}）。`,
    remedy:
      '请手动运行 "idface-notifier backup FILE"，其输出会说明如何处理。另见 docs/operations.zh-CN.md 的“备份与恢复”。',
  }),
  operators_not_told: ({ since, channel, problem, error }, { showTime }) => {
    const untold = `自${showTime(since)} 起，运维通知均未送达：OPERATOR_URL（${channel}）`
    if (problem === null)
      return {
        sentence: `${untold}未接收任何消息（${error}）。待通知的事件会保留，至少每 15 分钟重试一次。`,
        remedy:
          '请检查本机到 OPERATOR_URL 之间的 DNS、网络和防火墙；若接收端已有响应，请查看接收端的日志。可用 "idface-notifier notify-test" 试发；重启服务会立即重试其余事件。另见 docs/operations.zh-CN.md 的“告警通知”。',
      }
    return {
      sentence: `${untold}拒收全部消息（${problem}：${error}）。待通知的事件会保留，每小时试发一条。`,
      remedy:
        '请运行 "idface-notifier notify-test"，其输出会说明如何改正。一旦有消息被接收，其余事件随即发送；重启服务会立即重试。另见 docs/operations.zh-CN.md 的“告警通知”。',
    }
  },
  messages_exhausted: ({ count }) => ({
    sentence: `最近一天有 ${count} 个回调放弃投递，合作方尚未收到这些结果。`,
    remedy:
      '用 "idface-notifier registration list --delivery exhausted" 查看属于哪些合作方，并告知对方；待接收端恢复后，运行 "idface-notifier resend --partner PARTNER --since 24h"，或由合作方自行重发（POST /v1/resend）。',
  }),
  callbacks_failing: ({ urls }) => ({
    sentence: `${urls} 个回调地址持续失败已达一小时以上，系统会继续重试。`,
    remedy:
      '用 "idface-notifier callback list" 查看地址、起始时间和原因，并告知合作方。若大量地址因同一错误失败，请检查本机的 DNS、出口网络和代理。',
  }),
  messages_held: ({ held, urls }) => ({
    sentence: `${held} 个回调暂停投递：${urls} 个回调地址返回 410，或因连续五天失败、由运维人员操作而停用。`,
    remedy:
      '用 "idface-notifier callback list" 查看这些地址。请让合作方用该地址重新登记，或重新投递；由运维人员停用的，只能用 "idface-notifier callback enable URL --partner PARTNER" 启用。',
  }),
}

const TEXTS: Record<Language, TroubleTexts> = { en, zh }
