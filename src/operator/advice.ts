import type { Language } from '../core/language.ts'
import type { Problem } from './dialect.ts'

/** What to do about a channel that does not take what it is sent; `later`: it may by itself. */
export const ADVICE: Readonly<Record<Language, Readonly<Record<Problem | 'later', string>>>> = {
  en: {
    signature:
      "make OPERATOR_SECRET the secret that the robot or the receiver shows for signatures, and set this machine's clock right (NTP)",
    key: 'copy the webhook address of the robot into OPERATOR_URL anew; it may have been removed from the chat, or its chat dissolved',
    keyword: 'add the keyword idface-notifier to the robot: it takes only messages that contain one of its keywords',
    address: 'add the egress address of this machine to those that the robot takes calls from',
    content: 'the robot refuses the text of this message; others may pass. If it refuses all of them, report it',
    later:
      'nothing, if it passes by itself; otherwise look at DNS, the network and a firewall between here and OPERATOR_URL, or, where it has answered, into the log of the receiver',
  },
  zh: {
    signature: '请将 OPERATOR_SECRET 设为机器人或接收端显示的签名密钥，并校准本机时钟（NTP）',
    key: '请重新复制机器人的 webhook 地址到 OPERATOR_URL；机器人可能已被移出群聊，或群聊已解散',
    keyword: '请为机器人添加关键词 idface-notifier：它只接收含有关键词的消息',
    address: '请把本机的出口 IP 地址加入机器人的 IP 白名单',
    content: '机器人拒收此条消息的内容，其他消息可能正常；如果全部被拒收，请反馈给我们',
    later:
      '若稍后自行恢复则无需处理；否则请检查本机到 OPERATOR_URL 之间的 DNS、网络和防火墙；若接收端已有响应，请查看接收端的日志',
  },
}
