/*
 * SQS, by JSON 1.0: send, receive and delete, with visibility timeouts. A queue comes into being
 * when it is named; at-least-once is meant: what is not deleted in time comes again.
 */
#include "awsim.h"

#include "base/hash.h"
#include "base/sys.h"

#include <stdio.h>
#include <stdlib.h>

#define MAX_MESSAGES 100000
#define MAX_BODY     262144 /* SQS: 256 KiB */

static struct message {
    char *body; /* NULL once deleted */
    uint64_t queue;
    int64_t visible; /* monotonic ms */
    uint64_t receipt;
    unsigned received;
} * messages;
static size_t message_count, message_cap;

static bool open_queue(struct call *c, uint64_t *queue, char name[96])
{
    mw_str url = JSON_PARAM(c, "QueueUrl");
    const char *slash = url.data ? memrchr(url.data, '/', url.len) : NULL;
    size_t n = slash ? (size_t)(url.data + url.len - slash - 1) : 0;
    if (n == 0 || n > 80) {
        fail(c, 400, "QueueDoesNotExist", "The specified queue does not exist.", "");
        return false;
    }
    snprintf(name, 96, "%.*s", (int)n, slash + 1);
    *queue = mix64(mw_hash64(name, n) ^ mix64((uint64_t)c->account << 8 | c->region));
    return true;
}

static void digest(char out[33], const char *body)
{
    uint8_t md5[16];
    mw_md5(md5, body, strlen(body));
    mw_hex(out, md5, sizeof md5);
}

static void get_queue_url(struct call *c)
{
    mw_str name = JSON_PARAM(c, "QueueName"), host = request_header(c->request, "host");
    char text_name[96], text_host[96];
    if (!name.len || name.len > 80) {
        fail(c, 400, "InvalidParameterValue", "A queue's name has 1 to 80 characters.", "");
        return;
    }
    snprintf(text_name, sizeof text_name, "%.*s", (int)name.len, name.data);
    snprintf(text_host, sizeof text_host, "%.*s", host.len < 90 ? (int)host.len : 0, host.data);
    say(c->out, "{\"QueueUrl\":\"http://$j/$s/$j\"}", S(text_host), S(c->account_id), S(text_name));
}

static void send_message(struct call *c)
{
    char name[96], md5[33];
    uint64_t queue;
    mw_str body = JSON_PARAM(c, "MessageBody");
    if (!open_queue(c, &queue, name))
        return;
    if (!body.len || body.len > MAX_BODY || memchr(body.data, 0, body.len)) {
        fail(c, 400, "InvalidParameterValue", "One or more parameters are invalid: MessageBody.", "");
        return;
    }
    if (message_count == message_cap) {
        size_t want = message_cap ? message_cap * 2 : 256;
        void *more = want <= MAX_MESSAGES * 2 ? mw_realloc(messages, want * sizeof *messages) : NULL;
        if (!more) {
            fail(c, 403, "OverLimit", "The test server keeps no more messages", "");
            return;
        }
        messages = more;
        message_cap = want;
    }
    char *copy = mw_strndup(body.data, body.len);
    if (!copy || !effect_note(c, name, "message")) {
        mw_free(copy);
        if (!c->code)
            fail(c, 503, "ServiceUnavailable", "no memory", "");
        return;
    }
    messages[message_count++] = (struct message){.body = copy, .queue = queue};
    digest(md5, copy);
    say(c->out, "{\"MD5OfMessageBody\":\"$s\",\"MessageId\":\"m-$h\"}", S(md5), U(message_count - 1));
}

static void receive_message(struct call *c)
{
    char name[96], md5[33];
    uint64_t queue;
    long long most = str_number(JSON_PARAM(c, "MaxNumberOfMessages"), 1);
    long long hidden = str_number(JSON_PARAM(c, "VisibilityTimeout"), 30);
    if (!open_queue(c, &queue, name))
        return;
    if (most < 1 || most > 10 || hidden < 0 || hidden > 43200) {
        fail(c, 400, "InvalidParameterValue", "MaxNumberOfMessages or VisibilityTimeout is out of range.", "");
        return;
    }
    int64_t now = mw_mono_ms();
    long long n = 0;
    text(c->out, "{\"Messages\":[");
    for (size_t i = 0; i < message_count && n < most; i++) {
        struct message *m = &messages[i];
        if (!m->body || m->queue != queue || m->visible > now)
            continue;
        m->visible = now + hidden * 1000;
        m->receipt = mix64(c->serial << 20 ^ i);
        m->received++;
        digest(md5, m->body);
        say(c->out,
            "$s{\"MessageId\":\"m-$h\",\"ReceiptHandle\":\"$d-$h\",\"MD5OfBody\":\"$s\",\"Body\":\"$j\","
            "\"Attributes\":{\"ApproximateReceiveCount\":\"$d\"}}",
            S(n ? "," : ""), U(i), U(i), U(m->receipt), S(md5), S(m->body), U(m->received));
        n++;
    }
    text(c->out, "]}");
}

static void delete_message(struct call *c)
{
    char name[96], handle[64];
    uint64_t queue;
    mw_str receipt = JSON_PARAM(c, "ReceiptHandle");
    if (!open_queue(c, &queue, name))
        return;
    snprintf(handle, sizeof handle, "%.*s", receipt.len < 60 ? (int)receipt.len : 0, receipt.data);
    unsigned long long index, given;
    if (sscanf(handle, "%llu-%llx", &index, &given) != 2 || index >= message_count || messages[index].queue != queue) {
        fail(c, 400, "ReceiptHandleIsInvalid", "The input receipt handle is invalid.", "");
        return;
    }
    struct message *m = &messages[index];
    if (m->body && m->receipt == given) { /* an old receipt deletes nothing, and that is no error */
        char id[40];
        snprintf(id, sizeof id, "message %llu", index);
        if (!effect_note(c, name, id))
            return;
        mw_free(m->body);
        m->body = NULL;
    }
    text(c->out, "{}");
}

void sqs_reset(void)
{
    for (size_t i = 0; i < message_count; i++)
        mw_free(messages[i].body);
    mw_free(messages);
    messages = NULL;
    message_count = message_cap = 0;
}

const struct operation sqs_operations[] = {
    {"sqs", "GetQueueUrl", get_queue_url},
    {"sqs", "SendMessage", send_message},
    {"sqs", "ReceiveMessage", receive_message},
    {"sqs", "DeleteMessage", delete_message},
    {NULL, NULL, NULL},
};
