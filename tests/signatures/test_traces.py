"""Stack traces: exceptions and in-app frames, the innermost cause first."""

from __future__ import annotations

import pytest

from caseline.signatures.traces import describe, read_trace, read_trace_rules

JVM = """\
ERROR order 17 failed
java.lang.RuntimeException: wrap 17
\tat com.shop.Api.get(Api.java:10)
\tat org.springframework.web.Foo.run(Foo.java:9)
Caused by: java.sql.SQLException: pool 55 empty
\tat com.zaxxer.hikari.Pool.get(Pool.java:1)
\tat com.shop.Dao$$Lambda$12/0x000000080011.apply(Unknown Source)
\tat com.shop.Dao.lambda$load$3(Dao.java:7)
\tat com.shop.$Proxy17.run(Unknown Source)
\tat com.shop.Svc$$EnhancerBySpringCGLIB$$ab12cd.load(<generated>)
\t... 12 more
\tSuppressed: java.io.IOException: close
\t\tat com.shop.Res.close(Res.java:5)"""
JVM_TOLD = (
    "java.sql.SQLException at com.shop.Dao$$Lambda.apply < com.shop.Dao.lambda$load < "
    "com.shop.$Proxy.run < com.shop.Svc.load, then java.lang.RuntimeException at com.shop.Api.get"
)
PYTHON = """\
job 3 failed
Traceback (most recent call last):
  File "/srv/app/db.py", line 3, in query
    x = d["a"]
  File "/srv/app/low.py", line 3, in get
    raise
KeyError: 'a'

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/srv/app/main.py", line 30, in <module>
    run()
  File "/usr/lib/python3/site-packages/x/y.py", line 30, in call
    run()
app.errors.JobError: job 3"""
DOTNET = """\
Unhandled exception. System.InvalidOperationException: outer ---> System.NullReferenceException: x
   at Shop.Dao.Load(Int32 id) in C:\\src\\Dao.cs:line 12
   at Shop.Dao.<LoadAsync>d__5.MoveNext() in C:\\src\\Dao.cs:line 15
   --- End of inner exception stack trace ---
   at Shop.Api.Get(Int32 id) in C:\\src\\Api.cs:line 2
   at System.Threading.Tasks.Task.Run()"""
DOTNET_TOLD = (
    "System.NullReferenceException at Shop.Dao.Load < Shop.Dao.LoadAsync, "
    "then System.InvalidOperationException at Shop.Api.Get"
)
NODE = """\
request failed TypeError: Cannot read properties of undefined (reading 'id')
    at getUser (/srv/app/src/users.js:10:15)
    at async Router.handle (/srv/app/node_modules/express/lib/router.js:5:1)
    at /srv/app/src/index.js:3:1
    at node:internal/process/task_queues:95:5"""
GO = """\
panic: runtime error: index out of range [5] with length 3

goroutine 1 [running]:
main.(*Server).pick(0xc000012345, 0x5)
\t/srv/app/server.go:25 +0x1d
main.main()
\t/srv/app/main.go:9 +0x20
net/http.HandlerFunc.ServeHTTP(0x1)
\t/usr/local/go/src/net/http/server.go:2109 +0x2f"""
RUBY = """\
app/models/order.rb:15:in `total': undefined method `price' for nil (NoMethodError)
\tfrom app/models/order.rb:10:in `block in sum'
\tfrom /usr/lib/ruby/gems/3.0/gems/rack/lib/rack.rb:5:in `call'"""


def told(text):
    return describe(read_trace(text, read_trace_rules()))


PHP = """\
PHP Fatal error:  Uncaught Shop\\StockException: none of 17 left in /srv/app/Stock.php:12
Stack trace:
#0 /srv/app/Orders.php(31): Shop\\Stock->take(17, Object(Shop\\Item))
#1 /srv/app/vendor/acme/http/Kernel.php(90): Shop\\Orders->place()
#2 [internal function]: Shop\\Orders::Shop\\{closure}(3)
#3 {main}
  thrown in /srv/app/Stock.php on line 12"""
PHP_TOLD = "Shop\\StockException at Orders.Shop\\Stock->take < Shop\\Orders::Shop\\{closure}"


@pytest.mark.parametrize(
    ("trace", "template"),
    [
        (
            JVM,
            JVM_TOLD,
        ),
        (PYTHON, "KeyError at low.get < db.query, then app.errors.JobError at main.<module>"),
        (
            DOTNET,
            DOTNET_TOLD,
        ),
        (NODE, "TypeError at users.getUser < index.<main>"),
        (GO, "index out of range at main.(*Server).pick < main.main"),
        (RUBY, "NoMethodError at order.total < order.sum"),
        (PHP, PHP_TOLD),
    ],
    ids=["jvm", "python", "dotnet", "node", "go", "ruby", "php"],
)
def test_trace_is_told_by_cause_and_own_frames(trace, template):
    assert told(trace) == template


def test_line_numbers_addresses_and_messages_do_not_count():
    other = JVM.replace(":10)", ":99)").replace("pool 55", "pool 7").replace("$12/0x00", "$9/0x0a")
    other = other.replace("$load$3", "$load$14").replace("ab12cd", "99aa00")

    assert told(other) == told(JVM)


def test_other_frame_is_another_trace():
    assert told(JVM.replace("com.shop.Api.get", "com.shop.Api.put")) != told(JVM)


def test_frames_of_libraries_stand_in_where_there_are_no_own():
    trace = "java.io.IOException: x\n\tat java.io.A.b(A.java:1)\n\tat java.io.C.d(C.java:2)"

    assert told(trace) == "java.io.IOException at java.io.A.b < java.io.C.d"


def test_recursion_is_one_frame():
    trace = "a.StackError\n" + "\n".join("\tat a.B.c(B.java:1)" for _ in range(9))

    assert told(trace) == "a.StackError at a.B.c"


def test_suppressed_exceptions_do_not_count():
    without = JVM[: JVM.index("\tSuppressed")]

    assert told(without) == told(JVM)


@pytest.mark.parametrize("text", ["plan:\n  scan a\n  at noon (local)", "x.FooError: y\nno frames"])
def test_text_without_frames_is_no_trace(text):
    assert told(text) == ""


def test_panics_of_other_kinds_differ():
    other = GO.replace("index out of range [5] with length 3", "integer divide by zero")
    assert told(other) != told(GO)
    assert told(GO.replace("[5]", "[8]")) == told(GO)
