#!/usr/bin/env bash
# CPU per step, side by side: nginx and a bare Pingora proxy passing it through, and stepgate doing
# its work on it, alone and in batches.
#
# Whole processes, interleaved rounds, medians: this machine's speed drifts, so compare within one
# run and quote ratios. The gateway has one core; the endpoint and the load have another.
# ROUNDS and SECONDS_EACH may be set.
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${ROUNDS:-5} seconds=${SECONDS_EACH:-4} connections=64
work=$(mktemp -d)
pids=()
# Only what was started here is ended.
trap 'kill "${pids[@]}" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$work"' EXIT

endpoint=19100 proxy=19101 quiet=19102 logging=19103 bare=19104
lines=100 # Steps in a batch.
stepgate=$PWD/target/release/stepgate
passthrough=$("${CARGO:-cargo}" bench --quiet --locked --bench passthrough --no-run --message-format=json |
    grep -o '"executable":"[^"]*/passthrough-[^"]*"' | cut -d'"' -f4)

nginx_conf() { # name, body of http {}
    cat >"$work/$1.conf" <<CONF
worker_processes 1; daemon off; pid $work/$1.pid; error_log $work/$1.log;
events { worker_connections 4096; }
http { access_log off; keepalive_requests 1000000000; client_body_temp_path $work/$1-body;
proxy_temp_path $work/$1-proxy; fastcgi_temp_path $work/$1-f; uwsgi_temp_path $work/$1-u; scgi_temp_path $work/$1-s;
$2 }
CONF
}

gateway() { # folder, port, log level
    mkdir -p "$work/$1/conf/webhooks" "$work/$1/conf/journeys"
    cat >"$work/$1/conf/gateway.toml" <<CONF
[listen]
http = ["127.0.0.1:$2"]
admin = "127.0.0.1:$(($2 + 100))"
threads = 1
[egress]
allow_http = true
allow_addresses = ["127.0.0.0/8"]
[log]
level = "$3"
CONF
    cat >"$work/$1/conf/webhooks/w.toml" <<CONF
name = "Attribution"
method = "POST"
endpoint = "http://127.0.0.1:$endpoint/hooks/{{#urlEncode}}{{email}}{{/urlEncode}}"
[auth]
type = "basic"
token = "abc"
[[headers]]
name = "X-Source"
value = "journey-{{workflowId}}"
[body]
json = '''{"campaignName": "Spring Launch 2026", "firstName": "{{firstName}}"}'''
CONF
    cat >"$work/$1/conf/journeys/welcome.toml" <<CONF
workflow_id = 12345
name = "Welcome Sequence"
[[tiles]]
id = "t"
type = "webhook"
webhook = "w"
CONF
}

start() { # core, then the command, in the folder $work/$name
    local core=$1 folder=$2
    shift 2
    (cd "$folder" && exec taskset -c "$core" "$@" >"$folder/out.log" 2>&1) &
    pids+=($!)
}

cpu_ns() { # all threads of a process and of its children
    local all
    all=$(for p in "$1" $(pgrep -P "$1" || true); do cat "/proc/$p/task/"*/schedstat; done)
    awk '{ total += $1 } END { printf "%.0f", total }' <<<"$all"
}

ready() { # port
    for _ in $(seq 200); do
        (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return
        sleep 0.05
    done
    echo "nothing listens on port $1" >&2
    return 1
}

cat >"$work/step.lua" <<'LUA'
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"tile":"welcome/t","email":"test.user@example.com","userId":"u1234567","profile":{"firstName":"Test","lastName":"User","city":"San Francisco","state":"California","plan":"gold","signup":"2024-01-01"},"dataFields":{"promotionId":123,"color":"red","buttonName":"Claim offer","buttonUrl":"https://example.com/spring-sale","items":[{"sku":"A1","price":12.50},{"sku":"B2","price":7.25}],"campaign":"spring-launch","total":19.75,"currency":"USD","source":"email","variant":"b","x":"y"}}'
LUA
cp "$work/step.lua" "$work/batch.lua"
cat >>"$work/batch.lua" <<LUA
wrk.headers["Content-Type"] = "application/x-ndjson"
wrk.body = string.rep(wrk.body .. "\\n", $lines)
LUA

nginx_conf endpoint "server { listen 127.0.0.1:$endpoint; location / { return 200 ok; } }"
nginx_conf proxy "upstream e { server 127.0.0.1:$endpoint; keepalive 128; }
server { listen 127.0.0.1:$proxy; location / { proxy_pass http://e; proxy_http_version 1.1; proxy_set_header Connection ''; } }"
gateway quiet "$quiet" warn
gateway logging "$logging" info
mkdir -p "$work/nginx"
start 1 "$work/nginx" nginx -c "$work/endpoint.conf"
ready $endpoint
start 0 "$work/nginx" nginx -c "$work/proxy.conf" && nginx_pid=$!
start 0 "$work/nginx" "$passthrough" 127.0.0.1:$bare 127.0.0.1:$endpoint && bare_pid=$!
start 0 "$work/quiet" "$stepgate" serve && quiet_pid=$!
start 0 "$work/logging" "$stepgate" serve && logging_pid=$!
for port in $proxy $bare $quiet $logging; do ready "$port"; done

round() { # name, port, pid, seconds, script, connections, steps a request
    local before after requests report
    before=$(cpu_ns "$3")
    report=$(taskset -c 1 wrk -t1 -c"$6" -d"$4s" -s "$work/$5.lua" "http://127.0.0.1:$2/v1/steps")
    after=$(cpu_ns "$3")
    if grep -q 'Non-2xx' <<<"$report"; then
        echo "$1 answered something else than 2xx" >&2
        return 1
    fi
    requests=$(awk -v steps="$7" '/requests in/ { print $1 * steps }' <<<"$report")
    awk -v n="$requests" -v ns=$((after - before)) -v s="$4" \
        'BEGIN { printf "%.2f %.0f\n", ns / n / 1000, n / s }' >>"$work/$1.rounds"
}

all() { # seconds
    round nginx-pass-through $proxy "$nginx_pid" "$1" step $connections 1
    round pingora-pass-through $bare "$bare_pid" "$1" step $connections 1
    round stepgate $logging "$logging_pid" "$1" step $connections 1
    round stepgate-log-warn $quiet "$quiet_pid" "$1" step $connections 1
    round stepgate-batches $logging "$logging_pid" "$1" batch 1 $lines
    round stepgate-batches-log-warn $quiet "$quiet_pid" "$1" batch 1 $lines
}

all 1 && rm "$work"/*.rounds # A warm-up that is not counted.
for _ in $(seq "$rounds"); do all "$seconds"; done

median() { sort -n | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'; }
cpu_of() { cut -d' ' -f1 "$work/$1.rounds" | median; }
nginx=$(cpu_of nginx-pass-through) pingora=$(cpu_of pingora-pass-through)
printf '%-28s %12s %10s %8s %8s\n' '' 'CPU µs/step' 'steps/s' '/nginx' '/pingora'
for name in nginx-pass-through pingora-pass-through stepgate stepgate-log-warn \
    stepgate-batches stepgate-batches-log-warn; do
    rate=$(cut -d' ' -f2 "$work/$name.rounds" | median)
    awk -v name=$name -v cpu="$(cpu_of $name)" -v rate="$rate" -v n="$nginx" -v p="$pingora" \
        'BEGIN { printf "%-28s %11s %10s %8.2f %8.2f\n", name, cpu, rate, cpu / n, cpu / p }'
done
