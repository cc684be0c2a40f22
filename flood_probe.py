import os, socket, struct, subprocess, sys, threading, time, multiprocessing
sys.path.insert(0, "/tmp/h-web/tests/e2e"); sys.path.insert(0, "/tmp/h-web/tests/lib")
from test_websocket import Peer, frame, TEXT
def flooder(port, stop, size):
    p = Peer(port); data = frame(TEXT, b"x"*size) * (262144 // (size+6))
    p.s.settimeout(None)
    n=[0]
    def drain():
        while True:
            b=p.s.recv(1<<20)
            if not b: return
            n[0]+=len(b)
    threading.Thread(target=drain, daemon=True).start()
    while not stop.is_set():
        p.s.sendall(data)
def measure(port, seconds, peers=20):
    ps=[Peer(port) for _ in range(peers)]
    t=[]; end=time.monotonic()+seconds; f=frame(TEXT,b"hello")
    while time.monotonic()<end:
        for p in ps:
            a=time.perf_counter(); p.send(f); p.read(); t.append(time.perf_counter()-a)
            time.sleep(0.001)
    for p in ps: p.close()
    t.sort(); return [round(1e3*t[int(len(t)*q)],2) for q in (0.5,0.9,0.99)]+[len(t)]
exe=sys.argv[1]
port=socket.socket(); port.bind(("127.0.0.1",0)); pn=port.getsockname()[1]; port.close()
s=subprocess.Popen([exe,"--serve",str(pn)],stdout=subprocess.PIPE); s.stdout.readline()
for i in range(2):
    print("quiet", measure(pn,3))
    for size in (2,):
        stop=multiprocessing.Event(); c=multiprocessing.Process(target=flooder,args=(pn,stop,size)); c.start(); time.sleep(0.3)
        print("flood",size, measure(pn,3)); c.kill(); c.join(); time.sleep(0.3)
s.terminate()
