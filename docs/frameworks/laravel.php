<?php
// routes/api.php
use App\IdfaceWebhook;
use Illuminate\Http\Request;
use Illuminate\Support\Facades\Route;

Route::post('/hook', function (Request $request) {
    $secrets = explode(' ', (string) config('services.idface.secret'));
    $id = $request->header('webhook-id');
    $timestamp = $request->header('webhook-timestamp');
    $signatures = $request->header('webhook-signature');
    try {
        IdfaceWebhook::verify($secrets, $id, $timestamp, $signatures, $request->getContent());
    } catch (\UnexpectedValueException $refused) {
        return response($refused->getMessage(), 401);
    }
    $event = $request->json()->all();
    // Store $id and the event in one transaction, or dispatch a job with both.
    return response()->noContent();
});
