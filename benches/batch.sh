#!/usr/bin/env bash
# A million steps in one request, their outcomes read while it is still being sent: how many a
# second, and how much more memory that takes than a batch of ten thousand.
#
# Run by scale.sh, and by itself: then what it prints is kept nowhere. STEPS may be set.
# shellcheck source=benches/lib.sh
source "$(dirname "$0")/lib.sh"
steps=${STEPS:-1000000} numbers=${NUMBERS:-/dev/null}
endpoint=19120 port=19121

gateway_conf batch $port info ''
cat >"$work/batch/conf/webhooks/t.toml" <<CONF
name = "T"
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
cat >"$work/batch/conf/journeys/welcome.toml" <<'CONF'
workflow_id = 12345
name = "Welcome Sequence"
[[tiles]]
id = "t"
type = "webhook"
webhook = "t"
CONF
nginx_conf endpoint "server { listen 127.0.0.1:$endpoint; location / { return 200 ok; } }"
start 1 "$work/nginx" endpoint nginx -c "$work/nginx/endpoint.conf"
start 0 "$work/batch" batch "$stepgate" serve && pid=$!
for each in $endpoint $port; do ready $each; done

# Fails unless each line comes back once, as a step that goes on.
batch() { # steps
    # The end of `yes` is that nobody reads it any more.
    { yes "$step" || true; } 2>/dev/null | head -n "$1" |
        curl -sS -N -X POST -T - -H 'content-type: application/x-ndjson' -H 'expect:' "http://127.0.0.1:$port/v1/steps" |
        awk -F'[:,]' -v n="$1" '
        # An answer begins with {"line":N,
        index($0, "\"outcome\":\"continue\"") && $2 >= 1 && $2 <= n && !came[$2]++ { good++ }
        END {
            if (NR == n && good == n) exit
            printf "of %d lines sent %d came back, %d of them good\n", n, NR, good >"/dev/stderr"
            exit 1
        }'
}

memory() { # name of a line of its status
    awk -v name="$1:" '$1 == name { printf "%.1f", $2 / 1024 }' "/proc/$pid/status"
}

# The highest from now on, not since the start.
forget_highest() { echo 5 >"/proc/$pid/clear_refs"; }

taskset -cp 1 $$ >/dev/null # The load, all of it.
batch 10000 # A warm-up that is not counted.
forget_highest
batch 10000
few=$(memory VmHWM)
forget_highest
before=$(memory VmRSS)
began=$(date +%s%N)
batch "$steps"
took=$(($(date +%s%N) - began))
number "steps a second of a batch of $steps" "$(awk -v n="$steps" -v ns=$took 'BEGIN { printf "%.0f", n / ns * 1e9 }')" /s
number "RSS before a batch of $steps" "$before" MB
number 'highest RSS during a batch of 10000' "$few" MB
number "highest RSS during a batch of $steps" "$(memory VmHWM)" MB
