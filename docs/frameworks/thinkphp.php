<?php
// app/controller/Hook.php
namespace app\controller;

use app\IdfaceWebhook;
use think\Request;

class Hook
{
    public function index(Request $request)
    {
        $secrets = explode(' ', (string) env('WEBHOOK_SECRET'));
        $id = $request->header('webhook-id');
        $timestamp = $request->header('webhook-timestamp');
        $signatures = $request->header('webhook-signature');
        try {
            IdfaceWebhook::verify($secrets, $id, $timestamp, $signatures, $request->getContent());
        } catch (\UnexpectedValueException $refused) {
            return response($refused->getMessage(), 401);
        }
        $event = json_decode($request->getContent(), true);
        // Store $id and the event in one transaction.
        return response('', 204);
    }
}
