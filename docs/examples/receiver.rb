# Receives webhooks of idface-notifier and verifies them. Ruby 3.0 or later, nothing to install.
#   WEBHOOK_SECRET=whsec_… ruby receiver.rb
# While a secret is being changed: both, separated by a space.
require "json"
require "openssl"
require "socket"
require "timeout"

TOLERANCE_SECONDS = 300
MAX_BYTES = 64 * 1024
READ_SECONDS = 15
REASONS = { 204 => "No Content", 400 => "Bad Request", 401 => "Unauthorized", 405 => "Method Not Allowed",
            411 => "Length Required", 413 => "Content Too Large", 500 => "Internal Server Error" }.freeze

KEYS = ENV.fetch("WEBHOOK_SECRET", "").split(" ", -1).map do |secret|
  key = begin
    secret.delete_prefix("whsec_").unpack1("m0")
  rescue ArgumentError
    ""
  end
  # Anybody could sign with an empty key.
  unless secret.start_with?("whsec_") && key.bytesize >= 24
    abort "WEBHOOK_SECRET must be the signing secret as it was shown, whsec_…"
  end
  key
end
abort "WEBHOOK_SECRET must be the signing secret as it was shown, whsec_…" if KEYS.empty?

# Nil where the service has signed these very bytes, and lately; or why not.
def reason_to_refuse(headers, body)
  id, timestamp = headers.fetch("webhook-id", ""), headers.fetch("webhook-timestamp", "")
  return "no webhook: its headers are missing or malformed" if id.empty? || !timestamp.match?(/\A[0-9]{1,12}\z/)
  age_seconds = Time.now.to_i - timestamp.to_i
  return "timestamp #{age_seconds} s old: is the clock right?" if age_seconds.abs > TOLERANCE_SECONDS
  signatures = headers.fetch("webhook-signature", "").split(" ")
  is_signed = KEYS.any? do |key|
    mac = OpenSSL::HMAC.digest("SHA256", key, "#{id}.#{timestamp}.".b + body)
    expected = "v1,#{[mac].pack("m0")}"
    # In constant time.
    signatures.any? { |signature| OpenSSL.secure_compare(expected, signature) }
  end
  is_signed ? nil : "no signature matches: is WEBHOOK_SECRET the one of this partner?"
end

# The method and the headers of a request, with names in lower case; nil for what is none.
def read_head(socket)
  method = socket.gets("\r\n", 8192).to_s[/\A([A-Z]+) \S+ HTTP\/1\.[01]\r\n\z/, 1]
  headers = {}
  100.times do
    line = socket.gets("\r\n", 8192).to_s
    return method && [method, headers] if line == "\r\n"
    name, value = line.split(":", 2)
    return nil if value.nil?
    headers[name.downcase] = value.strip
  end
  nil
end

# The status to answer, and a text where there is one to tell.
def receive(socket)
  method, headers = read_head(socket)
  return 400 if headers.nil?
  return 405 if method != "POST"
  length = headers["content-length"].to_s
  return 411 unless length.match?(/\A[0-9]{1,9}\z/)
  return 413 if length.to_i > MAX_BYTES
  body = socket.read(length.to_i).to_s
  return 400 if body.bytesize < length.to_i
  if (reason = reason_to_refuse(headers, body))
    puts "refused: #{reason}"
    return 401, reason
  end
  # A webhook can come twice. Keep its id with what you do, and do nothing for an id that you have.
  event = JSON.parse(body)
  about = event["data"]["idcardid"] || event["data"]["callbackUrl"]
  puts "#{headers["webhook-id"]} #{event["type"]} #{about}"
  204
end

def answer(socket)
  status, text = begin
    Timeout.timeout(READ_SECONDS) { receive(socket) }
  rescue StandardError => error
    warn error.full_message
    500
  end
  about_body = status == 204 ? "" : "content-type: text/plain\r\ncontent-length: #{text.to_s.bytesize}\r\n"
  socket.write("HTTP/1.1 #{status} #{REASONS[status]}\r\n#{about_body}connection: close\r\n\r\n#{text}")
rescue SystemCallError
  # The caller has gone.
ensure
  socket.close
end

$stdout.sync = true
server = TCPServer.new("127.0.0.1", Integer(ENV.fetch("PORT", "9000")))
puts "listening on http://127.0.0.1:#{server.addr[1]}/"
loop { Thread.new(server.accept) { |socket| answer(socket) } }
