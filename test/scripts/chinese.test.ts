import { expect, test } from 'vitest'
import { allChineseFaults, chineseFaults } from '../../scripts/chinese.ts'

test('the Chinese of the pages and of the program is written as Chinese is', () => {
  expect(allChineseFaults()).toEqual([])
})

test.each([
  ['返回 201,表示已登记', 'half-width punctuation'],
  ['已登记(201)', 'half-width punctuation'],
  ['`a`, `b` 和其他', 'half-width punctuation'],
  ['已登记.', 'half-width full stop'],
  ['返回2xx', 'no space'],
  ['运行`npm ci`', 'no space'],
  ['见[README](README.md)', 'no space'],
  ['已登记， 可以重试', 'a space'],
  ['任务以租用方式领取', 'another word for 以租约方式领取'],
  ['因此重复提交总是安全的', 'another word for 幂等'],
  ['以免丢失位数', 'another word for 丢失精度'],
  ['情况属实，可以忽略', 'another word for 可以放心忽略'],
  ['暂缓投递的回调', 'another word for 暂停'],
  ['附加数据原样带回', 'another word for 自定义数据'],
  ['轮换签名密钥', 'another word for 更换'],
  ['无结果的登记', 'another word for 未决'],
  ['登记列表，最新的在前', 'another word for 按时间倒序'],
])('of a page “%s” is found', (line, fault) => {
  expect(chineseFaults(`# 标题\n\n${line}`, 'page').join('\n')).toContain(`3: ${fault}`)
})

test('partners read GetResult, operators may read 上游', () => {
  const text = '上游返回查无此号'
  expect(chineseFaults(text, 'page', true)).toEqual([expect.stringContaining('another word for GetResult')])
  expect(chineseFaults(text, 'page')).toEqual([])
})

test.each([
  ['code', '```sh\n租用,x\n```\n用 `a,b(c)` 运行'],
  ['addresses of links', '见 [x](a(b),c.md)，或[示例](examples/README.zh-CN.md)。'],
  ['the end of bold text', '**先看。** 再做 **1** 次'],
  ['cells of a table', '| 甲（一） | 乙？ |'],
  ['comments', '本服务上<!-- setting: X -->不受理<!-- /setting -->，# <a id="a-b"></a>标题'],
  ['words of the vendor', '400：非法ip访问、帐号不能为空'],
  ['English', 'It says, at (once): no.'],
])('of a page, %s are left alone', (_, text) => {
  expect(chineseFaults(text, 'page')).toEqual([])
})

test('of a source an English text where Chinese belongs is found', () => {
  const source = "const a = { en: 'Not found.', zh: 'APIID' }\nconst b = { en: 'x', zh:\n'Not found.' }"
  expect(chineseFaults(source, 'source')).toEqual([expect.stringMatching(/^2: English/)])
})

test('of a source the strings are read, with what is put into them', () => {
  const source = [
    "const zh = { a: '已登记(201)', b: '第 {n} 次', c: '{x}已新建', d: '请写 file:路径，或 https://主机/路径' }",
    '// 企业微信(WeCom)',
    "const yes = /^(y|是)$/i.test(x) ? '好\\n的' : '不'",
  ].join('\n')
  expect(chineseFaults(source, 'source')).toEqual([expect.stringMatching(/^1: half-width punctuation/)])
})
