# What the side-by-side benchmarks share: servers that are started, measured and ended.
#
# Sourced by load.sh and scale.sh. The gateway, and what it is measured against, has core 0; the
# endpoint and the load have core 1.
# shellcheck shell=bash disable=SC2034 # What is set here is used by those who source it.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
results=$PWD/benches/results
stepgate=$PWD/target/release/stepgate
pids=()
# Only what was started here is ended.
trap 'kill "${pids[@]}" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$work"' EXIT
mkdir -p "$work/logs" "$results"

# The usual step: 483 bytes.
step='{"tile":"welcome/t","email":"test.user@example.com","userId":"u1234567","profile":{"firstName":"Test","lastName":"User","city":"San Francisco","state":"California","plan":"gold","signup":"2024-01-01"},"dataFields":{"promotionId":123,"color":"red","buttonName":"Claim offer","buttonUrl":"https://example.com/spring-sale","items":[{"sku":"A1","price":12.50},{"sku":"B2","price":7.25}],"campaign":"spring-launch","total":19.75,"currency":"USD","source":"email","variant":"b","x":"y"}}'

bench() { # name of a [[bench]]: builds it, and prints where it is
    "${CARGO:-cargo}" bench --quiet --locked --bench "$1" --no-run --message-format=json |
        grep -o "\"executable\":\"[^\"]*/$1-[^\"]*\"" | cut -d'"' -f4
}

nginx_conf() { # name, body of http {}
    mkdir -p "$work/nginx"
    cat >"$work/nginx/$1.conf" <<CONF
worker_processes 1; daemon off; pid $work/$1.pid; error_log $work/logs/$1.log;
events { worker_connections 4096; }
http { access_log off; keepalive_requests 1000000000; client_body_temp_path $work/$1-body;
proxy_temp_path $work/$1-proxy; fastcgi_temp_path $work/$1-f; uwsgi_temp_path $work/$1-u; scgi_temp_path $work/$1-s;
$2 }
CONF
}

gateway_conf() { # folder, port, log level, more settings
    mkdir -p "$work/$1/conf/webhooks" "$work/$1/conf/journeys"
    cat >"$work/$1/conf/gateway.toml" <<CONF
[listen]
http = ["127.0.0.1:$2"]
admin = "127.0.0.1:$(($2 + 100))"
unix = ["$work/$1.sock"]
threads = 1
[log]
level = "$3"
[egress]
allow_http = true
allow_addresses = ["127.0.0.0/8"]
$4
CONF
}

start() { # core, folder, name of its log, then the command
    local core=$1 folder=$2 log=$3
    shift 3
    # Not beside the configuration: each line would be a change of a folder that is watched.
    (cd "$folder" && exec taskset -c "$core" "$@" >"$work/logs/$log.out" 2>&1) &
    pids+=($!)
}

cpu_ns() { # all threads of a process and of its children
    local all
    all=$(for p in "$1" $(pgrep -P "$1" || true); do cat "/proc/$p/task/"*/schedstat; done)
    awk '{ total += $1 } END { printf "%.0f", total }' <<<"$all"
}

ready() { # port
    for _ in $(seq 600); do
        (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return
        sleep 0.05
    done
    echo "nothing listens on port $1" >&2
    return 1
}

round() { # name, pid, seconds, steps a request, then a command that prints how many requests were answered
    local name=$1 pid=$2 seconds=$3 each=$4 before after requests
    shift 4
    before=$(cpu_ns "$pid")
    requests=$("$@")
    after=$(cpu_ns "$pid")
    awk -v n="$((requests * each))" -v ns=$((after - before)) -v s="$seconds" \
        'BEGIN { printf "%.2f %.0f\n", ns / n / 1000, n / s }' >>"$work/$name.rounds"
}

with_wrk() { # url, script, connections, seconds
    local report
    report=$(taskset -c 1 wrk -t1 -c"$3" -d"$4s" -s "$work/$2.lua" "$1")
    if grep -q 'Non-2xx' <<<"$report"; then
        echo "$1 with $2 answered something else than 2xx" >&2
        return 1
    fi
    awk '/requests in/ { print $1 }' <<<"$report"
}

with_h2load() { # url, where the connection goes, connections, streams on each, seconds
    local report
    report=$(taskset -c 1 h2load -t1 -c"$3" -m"$4" -D"$5" -d "$work/step.json" \
        -H 'content-type: application/json' --base-uri "$2" ${H1:+--h1} "$1")
    if grep -qE ' [1-9][0-9]* [45]xx|[1-9][0-9]* errored' <<<"$report"; then
        echo "$2 answered something else than 2xx" >&2
        return 1
    fi
    awk '/^status codes:/ { print $3 }' <<<"$report"
}

median() { sort -n | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'; }
cpu_of() { cut -d' ' -f1 "$work/$1.rounds" | median; }
rate_of() { cut -d' ' -f2 "$work/$1.rounds" | median; }

script() { # name, body, content type
    cat >"$work/$1.lua" <<LUA
wrk.method = "POST"
wrk.headers["Content-Type"] = "$3"
wrk.body = '$2'
LUA
}

number() { # figure, value, unit: one line of the raw numbers
    printf '%s,%s,%s\n' "$1" "$2" "$3" | tee -a "$numbers"
}
