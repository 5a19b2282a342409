#!/usr/bin/env bash
# What a flood at the admin listener, or clients of it that are stuck, do to the latency of steps.
#
# The gateway has one core for all of its threads, so that the two doors are on it together. A flood
# takes of the load's core too: the same flood at nginx, on the gateway's core, shows how much of what
# is measured is that. SECONDS_EACH may be set.
# shellcheck source=benches/lib.sh
source "$(dirname "$0")/lib.sh"
seconds=${SECONDS_EACH:-2}
endpoint=19120 gate=19121 other=19122
door=http://127.0.0.1:$((gate + 100))
open_loop=$(bench open_loop)
numbers=$results/door.csv

gateway_conf gate $gate warn ""
cat >"$work/gate/conf/webhooks/t.toml" <<CONF
name = "T"
method = "POST"
endpoint = "http://127.0.0.1:$endpoint/hooks/{{#urlEncode}}{{email}}{{/urlEncode}}"
CONF
printf 'workflow_id = 1\nname = "W"\n[[tiles]]\nid = "t"\ntype = "webhook"\nwebhook = "t"\n' >"$work/gate/conf/journeys/welcome.toml"
nginx_conf endpoint "server { listen 127.0.0.1:$endpoint; location / { return 200 ok; } }"
nginx_conf other "server { listen 127.0.0.1:$other; location / { return 200 ok; } }"
start 1 "$work/nginx" endpoint nginx -c "$work/nginx/endpoint.conf"
start 0 "$work/nginx" other nginx -c "$work/nginx/other.conf"
start 0 "$work/gate" gate "$stepgate" serve
for port in $endpoint $other $gate $((gate + 100)); do ready "$port"; done
printf '%s' "$step" >"$work/step.json"
token=$(cat "$work/gate/data/admin-token")
read_webhooks="GET /admin/v1/webhooks"
[ "$(curl -s -o "$work/answer" -w '%{http_code}' "$door/admin/v1/webhooks" -H "authorization: Bearer $token")" = 200 ] ||
    { echo "$read_webhooks: $(cat "$work/answer")" >&2; exit 1; }

flood() { # url, header
    nice -n 19 taskset -c 1 wrk -t1 -c64 -d60s -H "$2" "$1" >/dev/null &
    beside=$!
}
before_quiet() { beside=; }
before_flood_elsewhere() { flood "http://127.0.0.1:$other/" 'x: y'; }
before_flood() { flood "$door/admin/v1/webhooks" "authorization: Bearer $token"; }
before_refused() { flood "$door/admin/v1/webhooks" 'authorization: Bearer wrong'; }
# Heads that never end, and events that are never read: until nothing more fits between.
before_stuck() {
    (
        stuck=()
        for n in $(seq 300); do
            exec {fd}<>"/dev/tcp/127.0.0.1/$((gate + 100))"
            stuck+=("$fd")
            if [ $((n % 2)) = 0 ]; then
                printf 'GET /admin/v1/events HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer %s\r\n\r\n' "$token" >&"$fd"
            else
                printf 'POST /admin/v1/webhooks HTTP/1.1\r\nhost: 127' >&"$fd"
            fi
        done
        sleep 60
    ) 2>/dev/null &
    beside=$!
    sleep 1
    taskset -c 1 "$open_loop" rate "127.0.0.1:$gate" "$work/step.json" 4000 6 >/dev/null
}

for _ in 1 2 3 4 5; do
    for name in quiet flood_elsewhere flood refused stuck; do
        "before_$name"
        taskset -c 1 "$open_loop" rate "127.0.0.1:$gate" "$work/step.json" 4000 "$seconds" >>"$work/$name.latency"
        if [ -n "$beside" ]; then
            kill "$beside" && wait "$beside" 2>/dev/null || true
        fi
        sleep 0.5
    done
done

echo 'figure,value,unit' | tee "$numbers"
while IFS=: read -r name what; do
    for which in p50 p99; do
        column=$([ $which = p50 ] && echo 1 || echo 2)
        number "$which of 4000 steps a second, $what" "$(cut -d' ' -f"$column" "$work/$name.latency" | median)" us
    done
done <<'NAMES'
quiet:nothing beside
flood_elsewhere:the flood at another server
flood:a flood at the admin listener
refused:a flood of wrong tokens there
stuck:300 stuck clients there
NAMES
