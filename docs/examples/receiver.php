<?php
// Receives webhooks of idface-notifier and verifies them. PHP 7.4 or later, nothing to install. Behind your web server, or:
//   WEBHOOK_SECRET=whsec_… php -S 127.0.0.1:9000 receiver.php
// While a secret is being changed: both, separated by a space.
// php-fpm empties the environment (clear_env): put env[WEBHOOK_SECRET] = whsec_… into its pool's file.
declare(strict_types=1);

const TOLERANCE_SECONDS = 300;
const MAX_BYTES = 64 * 1024;

/** @return string[] The keys of the secrets. */
function readKeys(string $secrets): array
{
    return array_map(function (string $secret): string {
        $key = (string) base64_decode(substr($secret, strlen('whsec_')), true);
        // Anybody could sign with an empty key.
        if ($secret !== 'whsec_' . base64_encode($key) || strlen($key) < 24) {
            http_response_code(500);
            error_log('WEBHOOK_SECRET must be the signing secret as it was shown, whsec_…');
            exit('WEBHOOK_SECRET is not set right');
        }
        return $key;
    }, explode(' ', $secrets));
}

/** Null where the service has signed these very bytes, and lately; or why not. */
function reasonToRefuse(array $keys, array $server, string $body): ?string
{
    $id = $server['HTTP_WEBHOOK_ID'] ?? '';
    $timestamp = $server['HTTP_WEBHOOK_TIMESTAMP'] ?? '';
    $signatures = explode(' ', $server['HTTP_WEBHOOK_SIGNATURE'] ?? '');
    if ($id === '' || !preg_match('/^[0-9]{1,12}$/D', $timestamp)) {
        return 'no webhook: its headers are missing or malformed';
    }
    $ageSeconds = time() - (int) $timestamp;
    if (abs($ageSeconds) > TOLERANCE_SECONDS) {
        return "timestamp $ageSeconds s old: is the clock right?";
    }
    foreach ($keys as $key) {
        $expected = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$timestamp.$body", $key, true));
        foreach ($signatures as $signature) {
            if (hash_equals($expected, $signature)) {
                return null;
            }
        }
    }
    return 'no signature matches: is WEBHOOK_SECRET the one of this partner?';
}

$keys = readKeys((string) getenv('WEBHOOK_SECRET'));
if ($_SERVER['REQUEST_METHOD'] !== 'POST') {
    http_response_code(405);
    exit;
}
$body = (string) file_get_contents('php://input', false, null, 0, MAX_BYTES + 1);
if (strlen($body) > MAX_BYTES) {
    http_response_code(413);
    exit;
}
$reason = reasonToRefuse($keys, $_SERVER, $body);
if ($reason !== null) {
    error_log("refused: $reason");
    http_response_code(401);
    header('content-type: text/plain');
    exit($reason);
}
// A webhook can come twice. Keep its id with what you do, and do nothing for an id that you have.
$event = json_decode($body, true, 512, JSON_THROW_ON_ERROR);
$about = $event['data']['idcardid'] ?? $event['data']['callbackUrl'] ?? '';
error_log("{$_SERVER['HTTP_WEBHOOK_ID']} {$event['type']} $about");
http_response_code(204);
