#!/bin/sh
# Makes film.webm, which `universal-p2p demo` shares: colours that drift, and a ring that fills while it plays, so that
# one sees where it stands. Its end leads into its beginning. Needs ffmpeg with libvpx.
set -eu
cd "$(dirname "$0")"

seconds=10
rate=24
turn="2*PI*T/$seconds"

# The colours are drawn small and drawn out, which costs nothing as they are soft.
wave() { echo "sin(X/$1+($turn)*$2)*sin(Y/$3-($turn)*$4+X/$5)"; }
red="110+70*$(wave 31 1 23 2 60)+40*sin($turn+Y/40)"
green="70+50*$(wave 43 -1 29 1 90)"
blue="150+60*$(wave 27 2 33 -1 50)+30*cos($turn-X/50)"
colours="color=black:size=160x90:rate=$rate:duration=$seconds,format=gbrp,
  geq=r='$red':g='$green':b='$blue',scale=640x360:flags=bicubic"

# A ring around the middle: pale all around, white as far as the film has played, with a dot at its end.
radius="hypot(X-320,Y-180)"
angle="mod(atan2(X-320,180-Y)+2*PI,2*PI)"
rim="clip(7-abs($radius-96),0,1)"
dot="clip(13-hypot(X-320-96*sin($turn),Y-180+96*cos($turn)),0,1)"
ring="color=white:size=640x360:rate=$rate:duration=$seconds,format=rgba,
  geq=r=255:g=255:b=255:a='255*max($dot,$rim*if(lte($angle,$turn),0.85,0.25))'"

ffmpeg -nostdin -loglevel error -y -f lavfi -i "$(printf '%s' "$colours" | tr -d '\n')" \
  -f lavfi -i "$(printf '%s' "$ring" | tr -d '\n')" -filter_complex '[0][1]overlay,format=yuv420p' \
  -c:v libvpx-vp9 -deadline good -cpu-used 2 -row-mt 0 -threads 1 -b:v 0 -crf 30 -g "$rate" \
  -fflags +bitexact -flags:v +bitexact -map_metadata -1 -cues_to_front 1 film.webm
