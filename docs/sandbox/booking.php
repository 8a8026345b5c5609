<?php
// A booking against the sandbox, and what goes wrong on the way. PHP's streams alone.
//
//     php docs/sandbox/booking.php
declare(strict_types=1);

const COMPANY = 4564;
const SERVICE = 564001;
const PHONE = '79000000043';

function call(string $method, string $path, ?array $body = null, array $headers = []): array
{
    $base = getenv('YCLIENTS_BASE_URL') ?: 'http://127.0.0.1:8585';
    $http = ['method' => $method, 'ignore_errors' => true, 'timeout' => 30]; // a refusal has a body too
    if ($body !== null) {
        $headers[] = 'Content-Type: application/json';
        $http['content'] = json_encode($body, JSON_THROW_ON_ERROR);
    }
    $http['header'] = $headers;
    $text = @file_get_contents($base . $path, false, stream_context_create(['http' => $http]));
    if ($text === false) {
        throw new RuntimeException('no answer');
    }
    preg_match('~ (\d{3})~', $http_response_header[0], $m);
    return [(int) $m[1], json_decode($text, true, 512, JSON_THROW_ON_ERROR)];
}

// Your client. Here it is two headers; point your real one at YCLIENTS_BASE_URL.
function yclients(string $method, string $path, ?array $body = null): array
{
    $token = getenv('YCLIENTS_API_TOKEN') ?: 'partner-token-example';
    return call($method, '/api/v1' . $path, $body, ['Accept: application/vnd.yclients.v2+json', "Authorization: Bearer $token"]);
}

function sandbox(string $method, string $path, ?array $body = null): array
{
    [$status, $answer] = call($method, '/_sandbox/' . $path, $body);
    check($status < 300, "the sandbox refuses $path");
    return $answer;
}

function check(bool $true, string $what): void
{
    if (!$true) {
        fwrite(STDERR, "not so: $what\n");
        exit(1);
    }
}

// A test begins with a clean salon. Strict mode refuses what the real API would ignore in silence.
sandbox('POST', 'reset');
sandbox('PUT', 'switches', ['strict' => true]);
$begin = max([0, ...array_column(sandbox('GET', 'ledger'), 'seq')]);

// A free time for a concrete service. http_build_query would write service_ids[0].
$query = urlencode('service_ids[]') . '=' . SERVICE;
[, $dates] = yclients('GET', '/book_dates/' . COMPANY . "?$query");
$day = $dates['data']['booking_dates'][count($dates['data']['booking_dates']) - 1];
[, $times] = yclients('GET', '/book_times/' . COMPANY . "/0/$day?$query");
$at = $times['data'][0]['datetime'];

// A client signs in: the SMS is in the inbox of the sandbox, not on a telephone.
yclients('POST', '/book_code/' . COMPANY, ['phone' => PHONE]);
$mine = array_values(array_filter(sandbox('GET', 'sms'), fn ($m) => ltrim($m['phone'], '+') === PHONE));
[$status] = yclients('POST', '/user/auth', ['phone' => PHONE, 'code' => $mine[0]['code']]);
check($status === 201, 'the client is signed in');

// The answer to the booking is lost: it was made, and your program cannot know.
$booking = [
    'phone' => PHONE, 'fullname' => 'Ольга', 'email' => '', 'api_id' => 'order-1',
    'appointments' => [['id' => 1, 'services' => [SERVICE], 'staff_id' => 0, 'datetime' => $at]],
];
sandbox('PUT', 'faults', ['lose_next' => 1]);
$lost = false;
try {
    yclients('POST', '/book_record/' . COMPANY, $booking);
} catch (RuntimeException) {
    $lost = true;
}
check($lost, 'the answer is lost');

// The ledger knows what was truly done, and what the contract has to say about each request.
$calls = sandbox('GET', "ledger?since=$begin");
check(count(array_filter($calls, fn ($e) => $e['api_id'] === 'order-1' && $e['applied'])) === 1, 'one record was made');
$remarks = array_merge(...array_column($calls, 'verdict'));
check($remarks === [], 'no remarks: ' . implode('; ', array_column($remarks, 'en')));

// A mistake that the real API swallows.
[$status, $answer] = yclients('GET', '/book_dates/' . COMPANY . '?service_id=' . SERVICE);
check($status === 400 && str_contains($answer['meta']['message'], 'unknown query parameter service_id'), 'strict mode refuses');
echo "ok\n";
