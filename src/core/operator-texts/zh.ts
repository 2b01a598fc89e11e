import { roundedRate, showBytes, showSeconds, showSpan } from '../show-sizes.ts'
import { LATE_MS } from '../trouble.ts'
import { atLeast, type Catalogue, FULL_BYTES, isAhead, isConfused, remedyOf, showPartner } from './catalogue.ts'
import { DATABASE_FILE, faultOfServed } from './database-fault.ts'
import { GIVEN_UP_ZH } from './given-up.ts'
import { BACKUP_FAULTS, showError } from './overview.ts'

const PAGE = '请在控制台打开该账户的页面，填写正确的 APIKEY 并保存（或 PATCH /v1/admin/accounts/APIID），系统随即试探。'
const SETTINGS =
  'IHUYI_ACCOUNT 的账户还须改正 IHUYI_API_KEY（按安装文档部署时，位于 /etc/idface-notifier/settings，或 IHUYI_API_KEY_FILE 指定的文件）：下次启动时以其为准。'

const FAULTS: Catalogue['faults'] = {
  egress_ip: { sentence: 'GetResult 不接受来自本服务 IP 地址的请求', remedy: '请厂商备案本机的出口 IP 地址。' },
  credentials_missing: {
    sentence: 'GetResult 未在请求中找到 APIID 或密码',
    remedy: '请检查 IHUYI_ACCOUNT、IHUYI_API_KEY 和 IHUYI_METHOD，以及本服务与 GetResult 之间的代理。',
  },
  app_missing: { sentence: '该 APIID 下没有此应用', remedy: '请联系厂商。' },
  credentials_wrong: {
    sentence: 'APIID 或 APIKEY 错误',
    page: PAGE,
    remedy: `${SETTINGS}\n若是 APIID 填错，请改正 IHUYI_ACCOUNT 并重启，再取消填错期间的登记。`,
  },
  frozen: { sentence: '账户已被冻结', remedy: '请联系厂商解冻。' },
  clock: { sentence: '本服务与 GetResult 的时钟相差过大', remedy: '请校准本机时钟："sudo timedatectl set-ntp true"。' },
  password_refused: {
    sentence: 'GetResult 不接受该密码',
    page: PAGE,
    remedy: `${SETTINGS}\nAPIKEY 和本机时钟（"timedatectl"）都无误时，可把密码方式改为 static；IHUYI_ACCOUNT 的账户则设置 IHUYI_PASSWORD_MODE=static 并重启。`,
  },
  no_contract: { sentence: '账户未开通此产品', remedy: '请向厂商开通此产品。' },
  password_or_balance: {
    sentence: '密码错误或余额不足',
    page: `请先检查余额。若 APIKEY 有误，${PAGE}`,
    remedy: `${SETTINGS}\n余额不足时，请向厂商充值。`,
  },
  serial_not_received: {
    sentence: 'GetResult 未收到绝大多数请求中的流水号',
    remedy:
      '若正在查询的流水号很少，可能是流水号格式错误：请让合作方与 Submit 返回的流水号核对。只要有一个有效的流水号，账户一分钟内即恢复，格式错误的随后以 invalid_id 结束，最迟到各自的截止时间。否则请检查 IHUYI_METHOD，以及本服务与 GetResult 之间的代理。',
  },
  unknown_code: {
    sentence: 'GetResult 对绝大多数请求返回文档中未列出的返回码',
    remedy: '请向厂商确认该返回码的含义。',
  },
}

const DATABASE_REMEDIES: Catalogue['databaseRemedies'] = {
  disk_full: '请清理或扩容磁盘，或调大服务的配额。',
  not_ours: '请把数据库文件、其 -wal 和 -shm 以及所在文件夹的属主改为服务所用的用户（chown），或改用其他路径。',
  read_only:
    '数据库只读：请以可写方式挂载其所在磁盘，并把数据库文件、其 -wal 和 -shm 以及所在文件夹的属主改为服务所用的用户（chown）。',
  locked: '另一会话占用了数据库：运行 "idface-notifier doctor --only locks" 可查出该会话及结束它的 SQL。',
  file_locked: `另一进程占用了数据库。"fuser -v ${DATABASE_FILE}" 可列出打开该文件的进程：请结束其中不属于本服务的，例如 sqlite3 或备份工具。`,
  server_full: '请在 PostgreSQL 服务器的磁盘上腾出空间。',
  connections: '请调大 PostgreSQL 的 max_connections，或结束占用连接的程序。',
  standby: 'DATABASE_URL 指向备库，或服务器拒绝写入：请使其指向主库。',
  password:
    'PostgreSQL 不接受该密码。若密码已更换，请在 DATABASE_URL 中改正（特殊字符须作百分号编码，如 @ 写作 %40）并重启各节点，或用 ALTER ROLE … PASSWORD 重设。',
  login:
    'PostgreSQL 不允许该用户从此处连接：请创建该角色，并在 pg_hba.conf 中为其添加一行；若其要求 TLS，请加上 ?sslmode=verify-full。',
  tls: 'TLS 连接失败：请检查 sslmode、证书中的主机名，以及 sslrootcert=文件（签发机构的证书）。',
  no_database: 'PostgreSQL 中没有这个数据库：请创建（CREATE DATABASE），或改正库名。',
  rights:
    'PostgreSQL 拒绝执行语句：缺少权限或表，运行 "idface-notifier doctor" 可查明原因。请将该用户设为数据库的所有者（ALTER DATABASE … OWNER TO …）。',
  absent:
    '该处没有数据库在运行：请启动 PostgreSQL 或其前面的连接池（"systemctl status postgresql"），或改正地址；使用 SQLite 时，请改正文件路径。',
  no_host: '找不到数据库的主机：请改正主机名，或检查本机的 DNS。',
  unreachable:
    'PostgreSQL 没有响应：若未运行（"systemctl status postgresql"），请启动它；并检查其主机、网络及其间的连接池（用 SHOW POOLS 查看是否有客户端在等待连接）。',
  other: '请查看服务日志、数据库日志和系统日志。',
}

const CHANNEL_REMEDIES: Catalogue['channelRemedies'] = {
  signature: '请将 OPERATOR_SECRET 设为机器人或接收端显示的签名密钥，并校准本机时钟（NTP）。',
  key: '请重新复制机器人的 webhook 地址到 OPERATOR_URL；机器人可能已被移出群聊，或群聊已解散。',
  keyword: '请为机器人添加关键词 idface-notifier：它只接收含有关键词的消息。',
  address: '请把本机的出口 IP 地址加入机器人的 IP 白名单。',
  content: '机器人拒收此条消息的内容，其他消息可能正常；如果全部被拒收，请反馈给我们。',
  later: '若未自行恢复，请检查本机到 OPERATOR_URL 之间的 DNS、网络和防火墙；若接收端已有响应，请查看接收端的日志。',
}

const TROUBLES: Catalogue['troubles'] = {
  store_failing: ({ error, file = DATABASE_FILE, node }) => ({
    sentence: `${node ? `节点 ${node} 的` : ''}数据库无法写入（${error}）：新的登记会被拒绝，不会查询，也不会投递回调。已存储的数据不受影响。`,
    remedy: `${DATABASE_REMEDIES[faultOfServed(error)].replace(DATABASE_FILE, file)}恢复后服务会自动继续。${/^SQLITE_(BUSY|LOCKED)/.test(error) ? '另见 docs/operations.zh-CN.md 的“数据库被锁”。' : error.startsWith('SQLITE_') ? '磁盘写满时不要停止服务，另见 docs/operations.zh-CN.md 的“磁盘已满或只读”。' : '另见 docs/postgresql.zh-CN.md。'}`,
  }),
  no_service: () => ({
    sentence: '没有服务在此数据库上运行：不会查询，也不会投递回调。',
    remedy:
      '请按原来的方式启动服务（npm start、systemctl start idface-notifier），并查看其日志的最后几行，了解其退出原因。',
  }),
  account_paused: ({ account, since, reason, upstreamCode, nextTryAt, isRemoved }, { at, showTime }) => ({
    sentence: `${isRemoved ? '已移除的' : ''}账户 ${account} 自${showTime(since)} 起暂停使用：${FAULTS[reason].sentence}（返回码 ${upstreamCode ?? '-'}）。其流水号等待中${reason === 'serial_not_received' ? '' : '，不会过期'}。${isAhead(nextTryAt, at) ? `下次重试时间为${showTime(nextTryAt)}` : '系统会自动重试'}。`,
    remedy: isRemoved
      ? '若其 APIKEY 已失效，请以正确的 APIKEY 重新添加该账户，其流水号随即继续查询；或取消等待它的登记。'
      : remedyOf(FAULTS[reason]),
    commands: isRemoved
      ? [`重新添加的命令："idface-notifier account create ${account} --api-key-file FILE"。`]
      : [`\n$ idface-notifier account resume ${account}`],
  }),
  account_paused_by_operator: ({ account, since }, { showTime }) => ({
    sentence: `运维人员已于${showTime(since)} 暂停账户 ${account}，其流水号等待中。`,
    remedy: '可以继续使用时，请恢复该账户。',
    commands: [`恢复命令："idface-notifier account resume ${account}"。`],
  }),
  account_paused_idle: ({ account, since }, { showTime }) => ({
    sentence: `运维人员已于${showTime(since)} 暂停账户 ${account}，没有等待的流水号。`,
    remedy: '需要重新使用时，请恢复该账户。',
    commands: [`恢复命令："idface-notifier account resume ${account}"。`],
  }),
  upstream_unreachable: ({ account, since, error, nextTryAt }, { at, showTime }) => ({
    sentence: `自${showTime(since)} 起，账户 ${account} ${isConfused(error) ? '查询 GetResult 有响应，但不是预期的 JSON' : '无法连接 GetResult'}（${error}）。其流水号等待中，一天之内不会过期。`,
    remedy: `${isConfused(error) ? '请检查 IHUYI_URL，以及是否由中间的代理或其他页面代为响应；均无误时请联系厂商' : /CERT_(HAS_EXPIRED|NOT_YET_VALID)/.test(error) ? '请检查本机的时钟（timedatectl）；若时钟无误，则是 GetResult 的证书已过期或尚未生效，请告知厂商' : '请检查本机的 DNS、网络、防火墙和代理；均正常时请联系厂商'}。GetResult 恢复正常响应后，系统会自动继续${isAhead(nextTryAt, at) ? `；下次重试时间为${showTime(nextTryAt)}` : ''}。`,
  }),
  upstream_slow: ({ account, ms }) => ({
    sentence: `账户 ${account} 查询 GetResult，平均 ${showSeconds(ms, 'zh')}才有响应。`,
    remedy:
      '得到结果的时间会相应推迟。若未自行恢复，请告知厂商；若同时有流水号积压，请调大 UPSTREAM_CONCURRENCY 并重启。',
  }),
  polls_late: ({ account, since, due, isCapped, most, rateNow, answers, isSlow, etaMs }, { showTime }) => ({
    sentence: `账户 ${account} 的查询自${showTime(since)} 起延迟：${atLeast(due, isCapped)} 个流水号待查询${etaMs === null ? '' : `，按每秒 ${roundedRate(rateNow)} 次计算，全部查一遍${isCapped ? '至少' : '大约'}需要 ${showSpan(etaMs, 'zh')}`}。${answers === null ? 'GetResult 的响应时间未知。' : `GetResult 平均 ${showSeconds(answers.ms, 'zh')}响应，同时进行 ${answers.calls} 个查询。`}${most ? `等待结果的登记最多的合作方是 ${showPartner(most)}：${most.waiting} 个。` : ''}`,
    remedy: `${most ? `若 ${showPartner(most)} 的登记量异常，请限制其同时等待结果的登记数，并取消多余的登记（“批量操作”页面）。` : ''}${isSlow ? '限制频率的是响应时间，而不是 UPSTREAM_RATE：请调大 UPSTREAM_CONCURRENCY，并把 GetResult 的响应时间告知厂商。' : 'GetResult 中断或大批量登记之后，会自行恢复。如果持续存在，说明未结束的流水号过多，无法在 POLL_MAX_INTERVAL 内查询一遍：请向厂商申请更高频率后调大 UPSTREAM_RATE，或调大 POLL_MIN_INTERVAL 和 POLL_MAX_INTERVAL 以降低查询频率。'}`,
    commands: most ? [`\n$ idface-notifier partner set ${most.partnerId} --max-pending 1000`] : [],
  }),
  deliveries_held: ({ since, due, isCapped }, { showTime }) => ({
    sentence: `运维人员自${showTime(since)} 起暂停投递全部回调：${atLeast(due, isCapped)} 个回调待投递。`,
    remedy: '可以投递时请恢复。',
    commands: ['运行 "idface-notifier deliveries resume" 恢复。'],
  }),
  deliveries_late: ({ since, due, isCapped }, { at, showTime }) => ({
    sentence: `回调自${showTime(since)} 起延迟，最久的已等待 ${showSpan(at - since + LATE_MS, 'zh')}：${atLeast(due, isCapped)} 个回调待投递。`,
    remedy:
      '服务启动或中断之后，会自行恢复。如果持续存在，请先在日志中查找 delivery.round_failed 和 delivery.settle_delayed（数据库问题），再查看是否有大量投递因同一错误失败（DNS、出口网络、代理）。如果只是某台主机没有响应，请告知其合作方，增加并发无济于事；如果接收端较慢，请调大 CALLBACK_CONCURRENCY。',
  }),
  node_lost: ({ node, since, undone }, { showTime }) => ({
    sentence: `节点 ${node} 自${showTime(since)} 起没有报到，${undone ? `且其他节点的 ROLES 均不含 ${undone.join('、')}，这部分工作目前无人承担` : '其工作由具有相同 ROLES 的其他节点承担'}。`,
    remedy:
      '请检查其进程是否运行、能否访问数据库，并重新启动它。若不再恢复，请启动一个具有相同 ROLES 的节点来接替；没有接替的，一天后不再提示。',
  }),
  node_differs: ({ node, since, differsIn, settings }, { showTime }) => ({
    sentence: `自${showTime(since)} 起，节点 ${node} 与最后启动的节点不一致：${differsIn.map(trait => (trait === 'settings' && settings.length > 0 ? `配置（${settings.join('、')}）` : TRAITS[trait])).join('、')}。`,
    remedy:
      '升级期间属正常现象。否则请让各节点的版本、配置（ROLES 和机器自身的配置除外）和 MASTER_KEY 一致（rekey 期间把旧密钥设为 MASTER_KEY_PREVIOUS），并重启配置有误的节点：有误的也可能是最后启动的节点。',
  }),
  clock_wrong: ({ node, aheadMs }) => ({
    sentence: `${node} 的时钟比 GetResult ${aheadMs > 0 ? '慢' : '快'} ${showSpan(Math.abs(aheadMs), 'zh', Math.round)}。相差数分钟时，接收端会拒收回调。${aheadMs > 0 ? '' : '时钟超前过多时，等待结果的登记会提前过期，按该时钟超出 RETENTION 的数据会被删除，均无法恢复。'}`,
    remedy:
      '请让该机器自动校时：在其上运行 "sudo timedatectl set-ntp true"，再用 "timedatectl" 确认。若本机时钟无误，则是 GetResult 的时钟有偏差，系统查询时会自动适应。服务无需重启。',
  }),
  disk_low: ({ freeBytes }) => ({
    sentence:
      freeBytes < FULL_BYTES
        ? `数据库所在磁盘已写满（仅剩 ${showBytes(freeBytes)}）：新的登记目前会被拒绝。`
        : `数据库所在磁盘仅剩 ${showBytes(freeBytes)}。磁盘写满后，新的登记会被拒绝。`,
    remedy: '请先清理或扩容磁盘，再缩短 RETENTION 并运行 "idface-notifier prune"。磁盘写满时不要停止服务。',
  }),
  backup_failed: ({ since, reason, path }, { showTime }) => ({
    sentence: `${path ? `备份到 ${path} ` : '上次备份'}于${showTime(since)} 失败（${BACKUP_FAULTS[reason]?.zh ?? reason}）。`,
    remedy: `请手动运行 "idface-notifier backup ${path ?? 'FILE'}"，其输出会说明如何处理；在该文件夹中备份成功后（或在其中最后一次尝试的 36 小时后，在其他位置备份成功），此项才会消失。另见 docs/backup.zh-CN.md。`,
  }),
  backup_stale: ({ madeAt, path }, { at, showTime }) => ({
    sentence:
      madeAt === null
        ? '数据库从未备份。'
        : `最近一次成功的备份距今 ${showSpan(at - madeAt, 'zh', Math.floor)}（${showTime(madeAt)}，${path}）。`,
    remedy:
      '请检查备份任务是否仍在运行（cron 任务可用 "journalctl -u cron" 查看），并立即备份一次。另见 docs/backup.zh-CN.md。',
  }),
  operators_not_told: ({ since, channel, problem, error }, { showTime }) => ({
    sentence: `自${showTime(since)} 起，运维通知均未送达：OPERATOR_URL（${channel}）${problem === null ? `未接收任何消息（${error}），每 15 分钟重试一次` : `拒收全部消息（${problem}：${error}），每小时试发一条`}。待通知的事件会保留。`,
    remedy: `${CHANNEL_REMEDIES[problem ?? 'later']}可用 "idface-notifier notify-test" 试发；重启服务会立即发送其余事件。另见 docs/operations.zh-CN.md 的“告警通知”。`,
  }),
  ...GIVEN_UP_ZH.troubles,
  callbacks_failing: ({ worst, hosts }, { showTime }) => ({
    sentence: `以下回调全部投递失败：${worst
      .map(
        ({ host, urls, since, error, waiting, partnerName }) =>
          `合作方 ${partnerName} 在 ${host} 的 ${urls} 个回调地址，自${showTime(since)} 起（${showError(error, 'zh')}，${waiting} 个回调等待投递）`,
      )
      .join('；')}${hosts > worst.length ? `；另有 ${hosts - worst.length} 台主机` : ''}。`,
    remedy: '请告知合作方。若大量地址因同一错误失败，请检查本机的 DNS、出口网络和代理。',
    commands: ['用 "idface-notifier callback list" 查看地址、起始时间和原因。'],
  }),
  messages_held: ({ held, urls }) => ({
    sentence: `${held} 个回调暂停投递。返回 410，或因连续五天失败、由运维人员操作而停用的回调地址：${urls} 个。`,
    remedy:
      '请让合作方测试该地址（POST /v1/callbacks/test）或用它重新登记。也可重发一个回调来试：只投递这一个，得到 2xx 后其余恢复投递。由运维人员停用的，只能由运维人员启用。',
    commands: [
      '用 "idface-notifier callback list" 查看这些地址，用 "idface-notifier callback enable URL --partner PARTNER" 启用。',
    ],
  }),
}

const TRAITS: Catalogue['traits'] = { version: '版本', settings: '配置', key: '主密钥' }

export const ZH: Catalogue = {
  troubles: TROUBLES,
  faults: FAULTS,
  databaseRemedies: DATABASE_REMEDIES,
  channelRemedies: CHANNEL_REMEDIES,
  traits: TRAITS,
  own: {
    'upstream.unknown_status': ({ account, status }) => ({
      sentence: `GetResult 对账户 ${account} 返回了文档中未列出的状态 ${status}，系统会继续查询。`,
      remedy: '请向厂商确认其含义；若它表示最终结果，需要升级本服务以识别它。',
    }),
    'callback.failing': ({ host, since, error, ...whose }, { showTime }) => ({
      sentence: `合作方 ${showPartner(whose)} 发往 ${host} 某地址的回调自${showTime(since)} 起全部失败（${showError(error, 'zh')}），系统会继续重试。`,
      remedy: '请告知合作方；合作方可通过 GET /v1/registrations/{id}/attempts 查看错误。',
      commands: ['用 "idface-notifier callback list" 查看具体地址。'],
    }),
    'callback.disabled': ({ host, since, error, ...whose }, { showTime }) => ({
      sentence: `合作方 ${showPartner(whose)} 在 ${host} 的某回调地址自${showTime(since)} 起全部失败（${showError(error, 'zh')}），已停用；其回调暂不投递，按 RETENTION 陆续删除。`,
      remedy: '请告知合作方：用该地址重新登记，或测试回调成功，即可重新启用。您也可以直接启用。',
      commands: ['用 "idface-notifier callback list" 查看具体地址，用 "idface-notifier callback enable" 启用。'],
    }),
    ...GIVEN_UP_ZH.own,
  },
  titles: {
    'account.paused': '上游账户暂停',
    'upstream.unreachable': 'GetResult 无有效响应',
    'upstream.slow': 'GetResult 响应缓慢',
    'upstream.unknown_status': 'GetResult 返回未知状态',
    'backlog.growing': '查询或回调延迟',
    'callback.failing': '回调地址持续失败',
    'callback.disabled': '回调地址停用',
    'message.exhausted': '回调最终未能送达',
    'node.lost': '节点失联',
    'clock.wrong': '时钟不准',
    'backup.failed': '备份失败',
    'backup.stale': '缺少近期备份',
    'disk.low': '磁盘空间不足',
    'store.failing': '数据库无法写入',
  },
  states: { firing: '告警：', resolved: '已恢复：' },
  times: count => `（发生 ${count} 次）`,
  lasted: (since, until, span) => `自${since} 至${until}，持续 ${span}。`,
  ended: until => `已于${until} 结束；期间时钟曾被回拨，持续时间未知。`,
  test: { title: '测试：通知渠道正常', sentence: '这是一条测试消息，系统没有异常。', remedy: '' },
  contact: {
    'callback.failing': urls => ({
      sentence: `以下回调地址的投递全部失败，所附为最近一次的错误：${urls}。系统会继续重试。`,
      remedy: '请修复接收端，并发送测试回调（POST /v1/callbacks/test）。',
    }),
    'callback.disabled': urls => ({
      sentence: `以下回调地址持续失败、响应了 410 或被运维人员停用，已停止投递：${urls}。回调会保留，直至按 RETENTION 删除。`,
      remedy:
        '接收端恢复后，请发送测试回调（POST /v1/callbacks/test），返回 2xx 即恢复投递；被运维人员停用的地址由运维人员启用。',
    }),
    over: urls => `以下回调地址已不再失败或停用：${urls}。`,
    since: time => `自${time} 起`,
    others: count => ` 等，另有 ${count} 个`,
  },
  toDo: '处理方法：',
  page: anchor => `详见运维手册（operations.zh-CN.md）中的“${anchor}”`,
  openPage: '在控制台中打开',
  several: count => `${count} 个事件`,
  more: (count, types) => `另有 ${count} 个：${types}`,
}
