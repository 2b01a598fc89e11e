// HookController.java, below its package
import org.springframework.beans.factory.annotation.Value;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RestController;

@RestController
class HookController {
    private final String[] secrets;

    HookController(@Value("${WEBHOOK_SECRET}") String secrets) {
        this.secrets = secrets.split(" ", -1);
    }

    @PostMapping("/hook")
    ResponseEntity<String> hook(
            @RequestHeader(name = "webhook-id", required = false) String id,
            @RequestHeader(name = "webhook-timestamp", required = false) String timestamp,
            @RequestHeader(name = "webhook-signature", required = false) String signatures,
            @RequestBody byte[] body) {
        try {
            IdfaceWebhook.verify(secrets, id, timestamp, signatures, body);
        } catch (IdfaceWebhook.Refused refused) {
            return ResponseEntity.status(401).body(refused.getMessage());
        }
        // Store the id and the event (your ObjectMapper reads it from the body) in one transaction.
        return ResponseEntity.noContent().build();
    }
}
