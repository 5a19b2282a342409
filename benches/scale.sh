#!/usr/bin/env bash
# What changes with the load: latency by rate, CPU by the size of a step and of the configuration,
# latency while files change, memory by steps in flight, a batch of a million.
#
# ROUNDS and SECONDS_EACH may be set.
# shellcheck source=benches/lib.sh
source "$(dirname "$0")/lib.sh"
seconds=${SECONDS_EACH:-3} rounds=${ROUNDS:-3}
endpoint=19110 few=19111 many=19112 slow=19113 proxy=19114 bare=19115
open_loop=$(bench open_loop) passthrough=$(bench passthrough)
numbers=$results/scale.csv
ulimit -n "$(ulimit -H -n)"
# A step in flight is two sockets of the gateway.
held_most=$((($(ulimit -n) - 800) / 2 < 10000 ? ($(ulimit -n) - 800) / 2 : 10000))

configuration() { # folder, journeys, tiles in each, webhooks
    awk -v folder="$work/$1/conf" -v journeys="$2" -v tiles="$3" -v webhooks="$4" -v port=$endpoint -v slow=$slow '
    function webhook(id, port) {
        file = folder "/webhooks/" id ".toml"
        printf "name = \"%s\"\nmethod = \"POST\"\nendpoint = \"http://127.0.0.1:%s/hooks/{{#urlEncode}}{{email}}{{/urlEncode}}\"\n[auth]\ntype = \"basic\"\ntoken = \"abc\"\n[[headers]]\nname = \"X-Source\"\nvalue = \"journey-{{workflowId}}\"\n[body]\njson = '"'''"'{\"campaignName\": \"Spring Launch 2026\", \"firstName\": \"{{firstName}}\"}'"'''"'\n", id, port >file
        close(file)
    }
    BEGIN {
        for (w = 0; w < webhooks; w++) webhook("w" w, port)
        webhook("slow", slow)
        for (j = 0; j < journeys; j++) {
            file = folder "/journeys/j" j ".toml"
            printf "workflow_id = %d\nname = \"J\"\n", j >file
            for (t = 0; t < tiles; t++)
                printf "[[tiles]]\nid = \"t%d\"\ntype = \"webhook\"\nwebhook = \"w%d\"\n", t, (j * tiles + t) % webhooks >file
            if (j == 0) printf "[[tiles]]\nid = \"slow\"\ntype = \"webhook\"\nwebhook = \"slow\"\n" >file
            close(file)
        }
    }'
}

rss_kb() { awk '/^VmRSS/ { print $2 }' "/proc/$1/status"; }

# Steps for tiles all over the configuration.
spread() { # name, journeys, tiles in each
    script "$1" "" application/json
    cat >>"$work/$1.lua" <<LUA
local n, before, after = 0, '{"tile":"', '"${step#*welcome/t\"}'
function request()
    n = (n + 7919) % ($2 * $3)
    return wrk.format(nil, nil, nil, before .. "j" .. math.floor(n / $3) .. "/t" .. n % $3 .. after)
end
LUA
}

limits=$'[delivery]\nmax_in_flight = 40000\nmax_in_flight_per_host = 20000'
for name in few many; do gateway_conf $name ${!name} info "$limits"; done
configuration few 1 100 10
configuration many 1000 100 10000
spread few 1 100
spread many 1000 100
nginx_conf endpoint "server { listen 127.0.0.1:$endpoint; client_max_body_size 1m; client_body_buffer_size 128k; location / { return 200 ok; } }"
nginx_conf proxy "upstream e { server 127.0.0.1:$endpoint; keepalive 256; }
server { listen 127.0.0.1:$proxy; location / { proxy_pass http://e; proxy_http_version 1.1; proxy_set_header Connection ''; } }"
start 1 "$work/nginx" endpoint nginx -c "$work/nginx/endpoint.conf"
start 0 "$work/nginx" proxy nginx -c "$work/nginx/proxy.conf"
start 0 "$work/nginx" bare "$passthrough" 127.0.0.1:$bare 127.0.0.1:$endpoint
start 1 "$work" slow "$open_loop" slow 127.0.0.1:$slow 9
start 0 "$work/few" few "$stepgate" serve && few_pid=$!
start 0 "$work/many" many "$stepgate" serve && many_pid=$!
for port in $endpoint $few $many $slow $proxy $bare; do ready $port; done
printf '%s' "${step/welcome/j0}" | sed 's|j0/t"|j0/t0"|' >"$work/step.json"
sed 's|j0/t0"|j0/slow"|' "$work/step.json" >"$work/slow.json"
for file in step slow; do
    answer=$(curl -s -m 20 -d "@$work/$file.json" -H 'content-type: application/json' "http://127.0.0.1:$few/v1/steps")
    [[ $answer == *'"outcome":"continue"'* ]] || { echo "$file: $answer" >&2; exit 1; }
done

wrk_row() { # name, port, pid, script, seconds
    round "$1" "$3" "$5" 1 with_wrk "http://127.0.0.1:$2/v1/steps" "$4" 64 "$5"
}

# Five runs at a rate, each of these in turn, since one hiccup of the machine is a p99.
by_rate() { # rate, seconds, then name:port:step each
    local rate=$1 seconds=$2 each name port step
    shift 2
    for each in "$@"; do rm -f "$work/${each%%:*}.latency"; done
    for _ in 1 2 3 4 5; do
        for each in "$@"; do
            IFS=: read -r name port step <<<"$each"
            [ "$(type -t "before_$name")" = function ] && "before_$name"
            taskset -c 1 "$open_loop" rate "127.0.0.1:$port" "$work/$step.json" "$rate" "$seconds" >>"$work/$name.latency"
            [ "$(type -t "after_$name")" = function ] && "after_$name"
        done
    done
    true
}

latency() { # name, which: p50, p99 or p999, in microseconds: the median of the runs
    local -A column=([p50]=1 [p99]=2 [p999]=3)
    cut -d' ' -f"${column[$2]}" "$work/$1.latency" | median
}

echo 'figure,value,unit' | tee "$numbers"

# Configurations, tiles taken in turn.
wrk_row few $few "$few_pid" few 1 && wrk_row many $many "$many_pid" many 1 && rm "$work"/*.rounds
for _ in $(seq "$rounds"); do
    wrk_row few $few "$few_pid" few "$seconds"
    wrk_row many $many "$many_pid" many "$seconds"
done
number 'CPU a step of 10 webhooks and 100 tiles' "$(cpu_of few)" us
number 'CPU a step of 10000 webhooks and 100000 tiles' "$(cpu_of many)" us

# The size of a step.
for bytes in 200 500 2000 8000 64000; do
    body='{"tile":"j0/t0","email":"a@b.c","profile":{"firstName":"A"},"dataFields":{"x":1'
    awk -v head="$body" -v bytes=$bytes 'BEGIN {
        for (n = 0; length(head) < bytes - 2; n++) head = head sprintf(",\"field%d\":\"%s\"", n, substr("the quick brown fox jumps over the lazy dog", 1, bytes < 300 ? 8 : 43))
        printf "%s}}", head }' >"$work/body"
    script "size-$bytes" "$(cat "$work/body")" application/json
    for _ in $(seq "$rounds"); do wrk_row size-$bytes $few "$few_pid" size-$bytes 2; done
    number "CPU a step of $bytes bytes" "$(cpu_of size-$bytes)" us
done

# Latency from when a step was due, by the share of what one core takes when it is asked as fast as it
# answers. Arriving one by one, steps share fewer system calls: the core is busier than the share says.
most=$(rate_of few)
for share in 10 25 50 75; do
    rate=$((most * share / 100))
    by_rate $rate 2 direct:$endpoint:step nginx:$proxy:step pingora:$bare:step gateway:$few:step
    number "rate at $share %" $rate /s
    for name in direct nginx pingora gateway; do
        for which in p50 p99 p999; do number "$which $name at $share %" "$(latency $name $which)" us; done
    done
done

# While a file changes five times a second. Beside what it is compared with another file does, which
# no gateway reads; no process is started for it, since that takes milliseconds of a core.
mkfifo "$work/never"
change() { # file
    local text
    text=$(cat "$work/many/conf/webhooks/w42.toml")
    (
        exec 9<>"$work/never"
        until read -r -t 0.2 -u 9; do printf '%s\n' "${text/Launch 2026/Launch $RANDOM}" >"$1"; done
    ) &
    changing=$!
    pids+=($changing)
}
before_still() { change "$work/elsewhere.toml"; }
before_moving() { change "$work/many/conf/webhooks/w42.toml"; }
after_still() { kill $changing; sleep 1; }
after_moving() { after_still; }
sed 's|j0/t0"|j7/t7"|' "$work/step.json" >"$work/far.json"
rate=$((most / 4))
by_rate $rate 3 still:$many:far moving:$many:far
number "p99 of 10000 webhooks at $rate/s" "$(latency still p99)" us
number 'the same while one of them changes 5 times a second' "$(latency moving p99)" us

# As many steps as there are files for, 10,000 at most, at an endpoint that takes 9 s.
before=$(rss_kb "$few_pid")
by_rate 2000 2 alone:$few:step
taskset -c 1 "$open_loop" hold 127.0.0.1:$few "$work/slow.json" $held_most &
holding=$!
pids+=($holding)
in_flight() { curl -s "http://127.0.0.1:$((few + 100))/metrics" -H "authorization: Bearer $(cat "$work/few/data/admin-token")" | awk '/^stepgate_in_flight / { print $2 }'; }
for _ in $(seq 80); do
    held=$(in_flight)
    [ "${held:-0}" -ge $held_most ] && break
    sleep 0.1
done
[ "${held:-0}" -ge $held_most ] || { echo "only ${held:-0} in flight" >&2; exit 1; }
after=$(rss_kb "$few_pid")
by_rate 2000 0.5 beside:$few:step
wait $holding
number "RSS of each of $held_most steps in flight" "$(awk -v a="$after" -v b="$before" -v n=$held_most 'BEGIN { printf "%.1f", (a - b) / n }')" KB
number 'p99 of another endpoint at 2000/s' "$(latency alone p99)" us
number "the same beside $held_most steps in flight" "$(latency beside p99)" us

NUMBERS=$numbers ./benches/batch.sh
