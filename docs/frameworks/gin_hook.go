// hook.go, below its package
import (
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

func hook(c *gin.Context) {
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, 64<<10)
	body, err := c.GetRawData()
	if err != nil {
		c.Status(413)
		return
	}
	secrets := strings.Split(os.Getenv("WEBHOOK_SECRET"), " ")
	id, timestamp := c.GetHeader("webhook-id"), c.GetHeader("webhook-timestamp")
	if err := verify(secrets, id, timestamp, c.GetHeader("webhook-signature"), body, time.Now()); err != nil {
		c.String(401, err.Error())
		return
	}
	// Store id and the event, which json.Unmarshal reads from body, in one transaction.
	c.Status(204)
}
