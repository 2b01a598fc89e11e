import { html } from 'hono/html'
import { CATALOGUES } from '../../core/operator-texts/describe.ts'
import { BACKUP_FAULTS } from '../../core/operator-texts/overview.ts'
import { showBytes, showSpan } from '../../core/show-sizes.ts'
import type { Overview } from '../admin/overview.ts'
import { badge, type ConsolePage, facts, type Html, PAGE_NAMES, type Reader, table, time } from './page.ts'
import type { Console, Visit } from './visit.ts'

const stateOf = ({ t, language }: Reader, { lost, differsIn, settingsDiffering }: Overview['nodes'][number]): Html => {
  const { traits } = CATALOGUES[language]
  const names = [...differsIn.map(trait => traits[trait]), ...settingsDiffering]
  const different = names.join(t({ en: ', ', zh: '、' }))
  const differs = t({ en: `differs in: ${different}`, zh: `与其他节点不一致：${different}` })
  if (!lost && !different) return badge('good', t({ en: 'works', zh: '正常' }))
  return html`${lost ? badge('bad', t({ en: 'lost', zh: '失联' })) : ''} ${different ? badge('warned', differs) : ''}`
}

const backups = (reader: Reader, { at, engine, backup: { good, failed } }: Overview): Html => {
  const { t, language } = reader
  const none = t({ en: 'none', zh: '没有' })
  if (engine.kind === 'postgres')
    return html`<p>${t({
      en: 'PostgreSQL is backed up with its own tools. Those backups are not shown here: see docs/postgresql.md.',
      zh: 'PostgreSQL 由其自带工具备份，此处不显示：见 docs/postgresql.zh-CN.md。',
    })}</p>`
  const age = showSpan(Date.parse(at) - Date.parse(good?.at ?? at), language, Math.floor)
  return html`${facts(reader, [
    [
      { en: 'Last successful backup', zh: '最近一次成功' },
      good
        ? html`${time(reader, good.at)} (${t({ en: `${age} ago`, zh: `${age}前` })}), <code>${good.path}</code>, ${showBytes(good.bytes)}`
        : none,
    ],
    [
      { en: 'Failed', zh: '失败' },
      failed
        ? html`<span class="bad">${time(reader, failed.at)}${t({ en: ': ', zh: '：' })}${BACKUP_FAULTS[failed.reason]?.[language] ?? failed.reason}</span> <code>${failed.path}</code>`
        : none,
    ],
  ])}<p>${t({ en: 'To make one while the service runs:', zh: '备份不影响服务运行，命令为' })} <code>idface-notifier backup FILE</code>${t({ en: '. See docs/backup.md.', zh: '，见 docs/backup.zh-CN.md。' })}</p>`
}

const nodeTable = (reader: Visit, nodes: Overview['nodes']): Html =>
  table(reader, PAGE_NAMES.nodes, {
    items: nodes,
    sortedBy: reader,
    none: { en: 'No node uses the database.', zh: '没有节点使用此数据库。' },
    columns: [
      [
        { en: 'Name', zh: '名称' },
        ({ id, name }) => html`<span title="${id}">${name}</span>`,
        { by: ({ name }) => name },
      ],
      [
        { en: 'State', zh: '状态' },
        node => stateOf(reader, node),
        { by: ({ lost, differsIn }) => (lost ? 0 : differsIn.length > 0 ? 1 : 2) },
      ],
      [{ en: 'Roles', zh: '角色' }, ({ roles }) => roles.join(' ')],
      [{ en: 'Version', zh: '版本' }, ({ version }) => version],
      [{ en: 'Settings', zh: '配置' }, ({ settings }) => html`<code>${settings}</code>`],
      [
        { en: 'Started', zh: '启动时间' },
        ({ startedAt }) => time(reader, startedAt),
        { by: ({ startedAt }) => startedAt },
      ],
      [{ en: 'Last seen', zh: '最近心跳' }, ({ seenAt }) => time(reader, seenAt), { by: ({ seenAt }) => seenAt }],
    ],
  })

const listPage = async (visit: Visit): Promise<ConsolePage> => {
  const { call, t } = visit
  const overview = await call<Overview>('GET', '/v1/admin/overview')
  return {
    body: html`${nodeTable(visit, overview.nodes)}
    <p>${t({
      en: 'Nodes with the same settings show the same value under Settings. A lost node has not reported for 30 s and was not stopped; after a day it is no longer shown.',
      zh: '配置相同的节点，配置标识也相同。失联：超过 30 秒没有心跳且并非正常停止；一天后不再显示。',
    })}</p>
    <h2 id="backups">${t({ en: 'Backups', zh: '备份' })}</h2>
    ${backups(visit, overview)}`,
  }
}

/** `/console/nodes`: the processes that work on the database, and its backups. */
export const addNodes = ({ page }: Console): void => page('nodes', listPage)
