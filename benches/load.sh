#!/usr/bin/env bash
# CPU per request, side by side: nginx passing a step through, and stepgate doing its work on it.
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

endpoint=19100 proxy=19101 quiet=19102 logging=19103
stepgate=$PWD/target/release/stepgate

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

nginx_conf endpoint "server { listen 127.0.0.1:$endpoint; location / { return 200 ok; } }"
nginx_conf proxy "upstream e { server 127.0.0.1:$endpoint; keepalive 128; }
server { listen 127.0.0.1:$proxy; location / { proxy_pass http://e; proxy_http_version 1.1; proxy_set_header Connection ''; } }"
gateway quiet "$quiet" warn
gateway logging "$logging" info
mkdir -p "$work/nginx"
start 1 "$work/nginx" nginx -c "$work/endpoint.conf"
ready $endpoint
start 0 "$work/nginx" nginx -c "$work/proxy.conf" && nginx_pid=$!
start 0 "$work/quiet" "$stepgate" serve && quiet_pid=$!
start 0 "$work/logging" "$stepgate" serve && logging_pid=$!
for port in $proxy $quiet $logging; do ready "$port"; done

round() { # name, port, pid, seconds
    local before after requests report
    before=$(cpu_ns "$3")
    report=$(taskset -c 1 wrk -t1 -c$connections -d"$4s" -s "$work/step.lua" "http://127.0.0.1:$2/v1/steps")
    after=$(cpu_ns "$3")
    if grep -q 'Non-2xx' <<<"$report"; then
        echo "$1 answered something else than 2xx" >&2
        return 1
    fi
    requests=$(awk '/requests in/ { print $1 }' <<<"$report")
    awk -v n="$requests" -v ns=$((after - before)) -v s="$4" \
        'BEGIN { printf "%.2f %.0f\n", ns / n / 1000, n / s }' >>"$work/$1.rounds"
}

all() { # seconds
    round nginx-pass-through $proxy "$nginx_pid" "$1"
    round stepgate-log-warn $quiet "$quiet_pid" "$1"
    round stepgate-log-info $logging "$logging_pid" "$1"
}

all 1 && rm "$work"/*.rounds # A warm-up that is not counted.
for _ in $(seq "$rounds"); do all "$seconds"; done

median() { sort -n | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'; }
base=$(cut -d' ' -f1 "$work/nginx-pass-through.rounds" | median)
printf '%-20s %16s %12s %8s\n' '' 'CPU µs/request' 'requests/s' 'ratio'
for name in nginx-pass-through stepgate-log-warn stepgate-log-info; do
    cpu=$(cut -d' ' -f1 "$work/$name.rounds" | median)
    rate=$(cut -d' ' -f2 "$work/$name.rounds" | median)
    ratio=$(awk -v a="$cpu" -v b="$base" 'BEGIN { printf "%.2f", a / b }')
    printf '%-20s %16s %12s %8s\n' "$name" "$cpu" "$rate" "$ratio"
done
