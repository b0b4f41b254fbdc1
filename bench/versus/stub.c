/* The API that everybody calls in `python -m bench versus`: HTTP/1.1 with keep-alive, one thread, epoll.
 *
 *     GET  /item                     {"id": 7, "name": "Ada", "email": ...}
 *     POST /item                     201 {"id": 7}
 *     GET  /pages/TOTAL?cursor=N     page N (from 1) of TOTAL records, PAGE each:
 *                                    {"items": [...], "next_cursor": "N+1" or null, "next": URL or null, "total": TOTAL}
 *     POST /sink                     201 {"ok": true}; counts the number that stands after "id" in the body
 *     GET  /stats                    {"gets", "posts", "distinct", "last_ns"}; last_ns is CLOCK_MONOTONIC of the last sink
 *     POST /reset                    counts from nought again
 *
 * Usage: stub PAGE. It prints its port (of 127.0.0.1) and ends with its standard input. Bodies may have a length or be
 * chunked; it is a stub, so a request of over 64 kB ends the connection.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { REQUEST = 65536, IDS = 1 << 20, EVENTS = 256, KEPT = 4096 };

struct client {
    int socket, waiting;
    size_t filled, queued, sent, room;
    char *out;
    char in[REQUEST + 1];
};

struct page {
    long total, number;
    char *answer;
    size_t length;
};

static unsigned char seen[IDS];
static long gets, posts, distinct, last_ns, page_size = 100;
static struct page pages[KEPT];
static int port, poller;

static int queue(struct client *c, const char *data, size_t length)
{
    if (c->queued + length > c->room) {
        size_t room = (c->queued + length) * 2;
        char *out = realloc(c->out, room);
        if (!out)
            return -1;
        c->out = out;
        c->room = room;
    }
    memcpy(c->out + c->queued, data, length);
    c->queued += length;
    return 0;
}

static int reply(struct client *c, const char *status, const char *body)
{
    char buffer[1024];
    int length = snprintf(buffer, sizeof buffer,
                          "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s", status,
                          strlen(body), body);
    return queue(c, buffer, (size_t)length);
}

static struct page *page_of(long total, long number)
{
    struct page *slot = &pages[(unsigned long)(total * 31 + number) % KEPT];
    if (slot->answer && slot->total == total && slot->number == number)
        return slot;
    size_t room = 1024 + (size_t)page_size * 160, length = 0;
    char *body = malloc(room), head[160];
    if (!body)
        return NULL;
    long first = (number - 1) * page_size, end = number * page_size < total ? number * page_size : total;
    length += (size_t)snprintf(body, room, "{\"items\":[");
    for (long id = first; id < end; id++)
        length += (size_t)snprintf(body + length, room - length,
                                   "%s{\"id\":%ld,\"email\":\"user%ld@example.com\",\"name\":\"User %ld\","
                                   "\"active\":%s,\"updated_at\":%ld}",
                                   id > first ? "," : "", id, id, id, id % 3 ? "false" : "true", 1700000000 + id);
    if (end < total)
        length += (size_t)snprintf(body + length, room - length,
                                   "],\"next_cursor\":\"%ld\",\"next\":\"http://127.0.0.1:%d/pages/%ld?cursor=%ld\","
                                   "\"total\":%ld}",
                                   number + 1, port, total, number + 1, total);
    else
        length += (size_t)snprintf(body + length, room - length, "],\"next_cursor\":null,\"next\":null,\"total\":%ld}",
                                   total);
    int headed = snprintf(head, sizeof head,
                          "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n", length);
    char *answer = malloc((size_t)headed + length);
    if (!answer) {
        free(body);
        return NULL;
    }
    memcpy(answer, head, (size_t)headed);
    memcpy(answer + headed, body, length);
    free(body);
    free(slot->answer);
    *slot = (struct page){total, number, answer, (size_t)headed + length};
    return slot;
}

static void count(const char *body)
{
    struct timespec now;
    const char *at = strstr(body, "\"id\"");
    long id = -1;
    if (at) {
        at += 4;
        while (*at == ' ' || *at == ':' || *at == '"')
            at++;
        id = strtol(at, NULL, 10);
    }
    posts++;
    if (id >= 0 && id < IDS && !seen[id]) {
        seen[id] = 1;
        distinct++;
    }
    clock_gettime(CLOCK_MONOTONIC, &now);
    last_ns = now.tv_sec * 1000000000L + now.tv_nsec;
}

static int answer(struct client *c, const char *head, const char *body)
{
    char text[256];
    if (!strncmp(head, "GET /item", 9)) {
        gets++;
        return reply(c, "200 OK", "{\"id\":7,\"name\":\"Ada Lovelace\",\"email\":\"ada@example.com\",\"active\":true}");
    }
    if (!strncmp(head, "POST /item", 10)) {
        posts++;
        return reply(c, "201 Created", "{\"id\":7}");
    }
    if (!strncmp(head, "GET /pages/", 11)) {
        char *rest;
        long total = strtol(head + 11, &rest, 10), number = 1;
        const char *end = strchr(rest, ' '), *at = strstr(rest, "cursor=");
        if (at && at < end)
            number = strtol(at + 7, NULL, 10);
        gets++;
        if (total < 1 || number < 1 || (number - 1) * page_size >= total)
            return reply(c, "404 Not Found", "{\"error\":\"no such page\"}");
        struct page *page = page_of(total, number);
        return page ? queue(c, page->answer, page->length) : -1;
    }
    if (!strncmp(head, "POST /sink", 10)) {
        count(body);
        return reply(c, "201 Created", "{\"ok\":true}");
    }
    if (!strncmp(head, "GET /stats", 10)) {
        snprintf(text, sizeof text, "{\"gets\":%ld,\"posts\":%ld,\"distinct\":%ld,\"last_ns\":%ld}", gets, posts,
                 distinct, last_ns);
        return reply(c, "200 OK", text);
    }
    if (!strncmp(head, "POST /reset", 11)) {
        memset(seen, 0, sizeof seen);
        gets = posts = distinct = last_ns = 0;
        return reply(c, "200 OK", "{}");
    }
    return reply(c, "404 Not Found", "{\"error\":\"no such path\"}");
}

/* Length of the request that stands at the begin of the buffer; 0: not all of it is here; -1: no request. */
static long whole(char *in, size_t filled, char **body)
{
    char *end = memmem(in, filled, "\r\n\r\n", 4);
    if (!end)
        return 0;
    *body = end + 4;
    for (char *line = in; line < end; line = strstr(line, "\r\n") + 2) {
        if (!strncasecmp(line, "Content-Length:", 15)) {
            long length = strtol(line + 15, NULL, 10), head = *body - in;
            if (length < 0 || length > REQUEST - head)
                return -1;
            return (long)filled >= head + length ? head + length : 0;
        }
        if (!strncasecmp(line, "Transfer-Encoding: chunked", 26)) {
            char *last = memmem(*body, filled - (size_t)(*body - in), "0\r\n\r\n", 5);
            return last ? last + 5 - in : 0;
        }
        if (!strncasecmp(line, "Expect: 100", 11))
            return -1;
    }
    return *body - in;
}

static int flush(struct client *c)
{
    while (c->sent < c->queued) {
        ssize_t wrote = write(c->socket, c->out + c->sent, c->queued - c->sent);
        if (wrote < 0) {
            if (errno != EAGAIN)
                return -1;
            struct epoll_event wanted = {.events = EPOLLIN | EPOLLOUT, .data.ptr = c};
            c->waiting = 1;
            return epoll_ctl(poller, EPOLL_CTL_MOD, c->socket, &wanted);
        }
        c->sent += (size_t)wrote;
    }
    c->queued = c->sent = 0;
    if (c->waiting) {
        c->waiting = 0;
        struct epoll_event wanted = {.events = EPOLLIN, .data.ptr = c};
        return epoll_ctl(poller, EPOLL_CTL_MOD, c->socket, &wanted);
    }
    return 0;
}

static int serve(struct client *c)
{
    ssize_t got = read(c->socket, c->in + c->filled, REQUEST - c->filled);
    if (got <= 0)
        return got < 0 && errno == EAGAIN ? 0 : -1;
    c->filled += (size_t)got;
    while (c->filled) {
        char *body;
        c->in[c->filled] = 0;
        long length = whole(c->in, c->filled, &body);
        if (length < 0)
            return -1;
        if (!length)
            return c->filled == REQUEST ? -1 : flush(c);
        char kept = c->in[length];
        c->in[length] = 0;
        if (answer(c, c->in, body))
            return -1;
        c->in[length] = kept;
        memmove(c->in, c->in + length, c->filled - (size_t)length);
        c->filled -= (size_t)length;
    }
    return flush(c);
}

static void forget(struct client *c)
{
    close(c->socket);
    free(c->out);
    free(c);
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    struct epoll_event events[EVENTS], first = {.events = EPOLLIN, .data.ptr = NULL}, input = first;
    int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    char last;
    if (argc > 1)
        page_size = strtol(argv[1], NULL, 10);
    signal(SIGPIPE, SIG_IGN);
    if (page_size < 1 || listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) ||
        listen(listener, 4096) || getsockname(listener, (struct sockaddr *)&address, &size)) {
        perror("stub");
        return 1;
    }
    port = ntohs(address.sin_port);
    poller = epoll_create1(0);
    input.data.ptr = &last;
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &first);
    epoll_ctl(poller, EPOLL_CTL_ADD, STDIN_FILENO, &input);
    printf("%d\n", port);
    fflush(stdout);
    for (;;) {
        int ready = epoll_wait(poller, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            struct client *c = events[i].data.ptr;
            if ((void *)c == &last) {
                if (read(STDIN_FILENO, &last, 1) <= 0)
                    return 0;
            } else if (!c) {
                int taken;
                while ((taken = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
                    struct client *made = calloc(1, sizeof *made);
                    struct epoll_event wanted = {.events = EPOLLIN, .data.ptr = made};
                    if (!made) {
                        close(taken);
                        continue;
                    }
                    made->socket = taken;
                    setsockopt(taken, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                    epoll_ctl(poller, EPOLL_CTL_ADD, taken, &wanted);
                }
            } else if ((events[i].events & EPOLLOUT && flush(c)) ||
                       (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR) && serve(c))) {
                forget(c);
            }
        }
    }
}
