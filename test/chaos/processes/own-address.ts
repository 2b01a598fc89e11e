import { Socket } from 'node:net'

// Loaded into a node before its program: its calls come from the address OWN_ADDRESS.
type Options = { host?: string; localAddress?: string }
const { connect } = Socket.prototype as unknown as { connect: (...args: unknown[]) => Socket }
Object.assign(Socket.prototype, {
  connect(this: Socket, ...args: unknown[]) {
    const [options] = args.flat() as [Options]
    if (options?.host === '127.0.0.1') options.localAddress ??= process.env.OWN_ADDRESS ?? options.host
    return connect.apply(this, args)
  },
})
