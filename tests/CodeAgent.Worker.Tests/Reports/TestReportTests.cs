using System.Text;
using System.Xml;
using CodeAgent.Contracts;
using CodeAgent.Worker.Reports;

namespace CodeAgent.Worker.Tests.Reports;

public sealed class TestReportTests
{
    [Fact]
    public async Task A_report_in_JUnits_format_is_counted()
    {
        var summary = await ReadAsync("""
            <?xml version="1.0" encoding="UTF-8"?>
            <testsuites tests="5"><testsuite name="Cart" tests="5">
              <properties><property name="x" value="y"/></properties>
              <testcase classname="shop.Cart" name="adds" time="0.5"/>
              <testcase classname="shop.Cart" name="removes" time="1,000.25"><system-out>noise <![CDATA[<failure/>]]></system-out></testcase>
              <testcase classname="shop.Cart" name="pays"><failure message="expected 3" type="Assert">at line 4</failure><failure message="second"/></testcase>
              <testcase name="ships"><error><![CDATA[boom & bang]]></error><system-err>more</system-err></testcase>
              <testcase classname="shop.Cart" name="later"><skipped/></testcase>
            </testsuite></testsuites>
            """);
        Assert.Equal((2, 2, 1, 1000.75), (summary.Passed, summary.Failed, summary.Skipped, summary.Seconds));
        Assert.Equal([new("shop.Cart.pays", "expected 3"), new TestFailure("ships", "boom & bang")], summary.Failures);
    }

    [Fact]
    public async Task A_report_in_the_format_TRX_is_counted()
    {
        var summary = await ReadAsync("""
            <?xml version="1.0" encoding="utf-8"?>
            <TestRun id="1" xmlns="http://microsoft.com/schemas/VisualStudio/TeamTest/2010"><Results>
              <UnitTestResult testName="Shop.Adds" outcome="Passed" duration="00:00:01.5000000" />
              <UnitTestResult testName="Shop.Pays" outcome="Failed" duration="00:00:00.2500000"><Output><ErrorInfo><Message>expected 3</Message><StackTrace>at</StackTrace></ErrorInfo></Output>
                <InnerResults><UnitTestResult testName="Shop.Pays(1)" outcome="Failed" /></InnerResults></UnitTestResult>
              <UnitTestResult testName="Shop.Later" outcome="NotExecuted" />
              <UnitTestResult testName="Shop.Hangs" outcome="Timeout" />
            </Results></TestRun>
            """);
        Assert.Equal((1, 2, 1, 1.75), (summary.Passed, summary.Failed, summary.Skipped, summary.Seconds));
        Assert.Equal([new("Shop.Pays", "expected 3"), new TestFailure("Shop.Hangs", null)], summary.Failures);
    }

    [Theory]
    [InlineData("<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><testsuite><testcase name='a'><failure>&a;</failure></testcase></testsuite>", "DTD")]
    [InlineData("<project/>", "neither JUnit nor TRX")]
    [InlineData("no xml", "invalid")]
    [InlineData("", "missing")]
    public async Task What_is_no_report_is_refused(string xml, string reason) =>
        Assert.Contains(reason, (await Assert.ThrowsAsync<XmlException>(() => ReadAsync(xml))).Message, StringComparison.Ordinal);

    [Fact]
    public async Task Of_a_report_that_breaks_off_what_is_there_is_counted()
    {
        var tally = new TestTally();
        await Assert.ThrowsAsync<XmlException>(() => ReadAsync("<testsuite><testcase name='a'/><testcase name='b'/><testcase", tally));
        Assert.Equal(2, tally.Summary.Passed);
    }

    [Fact]
    public async Task Of_many_failures_and_long_messages_the_first_and_their_beginning_are_told()
    {
        var cases = string.Concat(Enumerable.Range(0, 100).Select(i => $"<testcase name='t{i}'><failure>{new string('x', 1_000_000 / 100)}</failure></testcase>"));
        var summary = await ReadAsync($"<testsuite>{cases}</testsuite>");
        Assert.Equal((100, 20), (summary.Failed, summary.Failures.Count));
        Assert.All(summary.Failures, failure => Assert.Equal(1000, failure.Message!.Length));
    }

    private static async Task<TestSummary> ReadAsync(string xml, TestTally? tally = null)
    {
        tally ??= new();
        await TestReportReader.ReadAsync(new MemoryStream(Encoding.UTF8.GetBytes(xml)), tally, TestContext.Current.CancellationToken);
        return tally.Summary;
    }
}
