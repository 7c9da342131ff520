/*
 * The least that listing EC2 instances costs in C: a libcurl handle, one POST for each page over a
 * kept connection, and expat with handlers that count elements and find the next page's token. What
 * `moonward call ec2 DescribeInstances --paginate` is measured beside (bench_listing.py).
 *
 *   listing URL        prints the number of instances
 */
#include <curl/curl.h>
#include <expat.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct page {
    char *data;
    size_t len, cap;
    char token[256];
    size_t token_len, instances;
    bool in_token;
};

static size_t on_body(char *data, size_t size, size_t count, void *user)
{
    struct page *p = user;
    size_t len = size * count;

    if (p->len + len > p->cap) {
        p->cap = (p->len + len) * 2;
        if (!(p->data = realloc(p->data, p->cap)))
            exit(1);
    }
    memcpy(p->data + p->len, data, len);
    p->len += len;
    return len;
}

static void XMLCALL on_start(void *user, const char *name, const char **atts)
{
    struct page *p = user;

    (void)atts;
    p->instances += strcmp(name, "instanceId") == 0;
    p->in_token = strcmp(name, "nextToken") == 0;
}

static void XMLCALL on_end(void *user, const char *name)
{
    (void)name;
    ((struct page *)user)->in_token = false;
}

static void XMLCALL on_text(void *user, const char *s, int len)
{
    struct page *p = user;

    if (p->in_token && p->token_len + (size_t)len < sizeof(p->token)) {
        memcpy(p->token + p->token_len, s, (size_t)len);
        p->token_len += (size_t)len;
        p->token[p->token_len] = '\0';
    }
}

static void parse(struct page *p)
{
    XML_Parser x = XML_ParserCreate(NULL);

    XML_SetUserData(x, p);
    XML_SetElementHandler(x, on_start, on_end);
    XML_SetCharacterDataHandler(x, on_text);
    if (XML_Parse(x, p->data, (int)p->len, 1) != XML_STATUS_OK)
        exit(1);
    XML_ParserFree(x);
}

int main(int argc, char **argv)
{
    CURL *easy = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, "Authorization: none/ec2/");
    struct page page = {0};
    char form[1024];

    if (argc != 2 || !easy)
        return 1;
    curl_easy_setopt(easy, CURLOPT_URL, argv[1]);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &page);
    do {
        snprintf(form, sizeof(form), "Action=DescribeInstances&Version=2016-11-15%s%s",
                 page.token_len ? "&NextToken=" : "", page.token);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, form);
        page.len = page.token_len = 0;
        if (curl_easy_perform(easy) != CURLE_OK)
            return 1;
        parse(&page);
    } while (page.token_len);
    printf("%zu\n", page.instances);
    free(page.data);
    curl_slist_free_all(headers);
    curl_easy_cleanup(easy);
    return 0;
}
