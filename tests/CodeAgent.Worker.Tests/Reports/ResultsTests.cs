using CodeAgent.Contracts;
using CodeAgent.Worker.Tests.Benches;

namespace CodeAgent.Worker.Tests.Reports;

public sealed class ResultsTests
{
    private const string Report = "<testsuite><testcase name='a'/><testcase name='b'><failure message='no'/></testcase></testsuite>";

    [Fact]
    public async Task Reports_that_the_checks_wrote_are_counted_and_kept_with_the_files_that_are_asked_for()
    {
        await using var bench = await WorkerBench.StartAsync();
        var origin = await bench.RepositoryAsync();
        await origin.CommitAsync((".gitignore", "out/\n"), ("samples/junit-sample.xml", Report));
        var task = bench.Api.Offer(WorkerBench.Script("true", origin, request =>
        {
            request.Checks = [$"mkdir -p out/deep coverage; echo \"{Report}\" > out/deep/junit-1.xml; echo \"{Report}\" > out/junit-2.xml; echo broken > out/junit-3.xml; echo 90% > coverage/sum.txt; : > coverage/empty.txt"];
            request.Results = new() { Tests = ["**/junit*.xml"], Files = ["coverage/*"] };
        }));

        var end = await task.EndAsync();
        Assert.Equal((Outcome.Succeeded, 2, 2, 2), (end.Outcome, end.Tests!.Passed, end.Tests.Failed, end.Tests.Reports));
        Assert.Equal("out/junit-3.xml", Assert.Single(end.Tests.Unread).Split(':')[0]);
        Assert.Equal(["file-coverage-sum.txt", "log", "patch", "tests-out-deep-junit-1.xml", "tests-out-junit-2.xml", "tests-out-junit-3.xml"],
            task.Artifacts.Keys.Where(name => !name.StartsWith("checkpoint", StringComparison.Ordinal)).Order());
        Assert.Equal("90%\n", task.Text("file-coverage-sum.txt"));
        var told = Assert.Single(task.Events, e => e.Type == EventTypes.Results).Data;
        Assert.Equal(4, told.GetProperty("files").GetArrayLength());
        Assert.Equal("coverage/empty.txt: it is empty", told.GetProperty("left")[0].GetString());
    }

    [Fact]
    public async Task A_check_that_fails_leaves_its_report_too()
    {
        await using var bench = await WorkerBench.StartAsync();
        var task = bench.Api.Offer(WorkerBench.Script("true", configure: request =>
        {
            request.Checks = [$"echo \"{Report}\" > junit.xml; exit 1"];
            request.Results = new() { Tests = ["*.xml"] };
        }));

        var end = await task.EndAsync();
        Assert.Equal(FailureCodes.CheckFailed, end.Failure!.Code);
        Assert.Equal(new("b", "no"), Assert.Single(end.Tests!.Failures));
        Assert.Contains("tests-junit.xml", task.Artifacts.Keys);
    }

    [Fact]
    public async Task No_link_is_followed_and_no_pipe_is_waited_for()
    {
        await using var bench = await WorkerBench.StartAsync();
        await File.WriteAllTextAsync(bench["secret.xml"], Report, TestContext.Current.CancellationToken);
        Directory.CreateDirectory(bench["outside"]);
        await File.WriteAllTextAsync(bench["outside/secret.xml"], Report, TestContext.Current.CancellationToken);
        var task = bench.Api.Offer(WorkerBench.Script("true", configure: request =>
        {
            request.Checks = [$"ln -s {bench["secret.xml"]} link.xml; ln -s {bench["outside"]} folder; mkfifo pipe.xml; echo \"{Report}\" > real.xml"];
            request.Results = new() { Tests = ["**/*.xml"], Files = ["**"] };
        }));

        var end = await task.EndAsync();
        Assert.Equal((Outcome.Succeeded, 1), (end.Outcome, end.Tests!.Reports));
        Assert.Equal(["tests-real.xml"], task.Artifacts.Keys.Where(name => name.StartsWith("tests-", StringComparison.Ordinal) || name.StartsWith("file-", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Without_patterns_nothing_is_read_and_nothing_is_told()
    {
        await using var bench = await WorkerBench.StartAsync();
        var task = bench.Api.Offer(WorkerBench.Script("true", configure: request => request.Checks = [$"echo \"{Report}\" > junit.xml"]));
        Assert.Null((await task.EndAsync()).Tests);
        Assert.DoesNotContain(task.Events, e => e.Type == EventTypes.Results);
    }

    [Fact]
    public async Task No_more_than_fifty_files_are_kept()
    {
        await using var bench = await WorkerBench.StartAsync();
        var task = bench.Api.Offer(WorkerBench.Script("for i in $(seq 60); do echo $i > $i.txt; done", configure: request => request.Results = new() { Files = ["*.txt"] }));
        await task.EndAsync();
        Assert.Equal(50, task.Artifacts.Keys.Count(name => name.StartsWith("file-", StringComparison.Ordinal)));
        Assert.Contains("at most 50", Assert.Single(task.Events, e => e.Type == EventTypes.Results).Data.GetProperty("left")[0].GetString(), StringComparison.Ordinal);
    }
}
