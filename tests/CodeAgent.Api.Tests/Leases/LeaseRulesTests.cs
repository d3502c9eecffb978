using CodeAgent.Api.Leases;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.Api.Tests.Leases;

public sealed class LeaseRulesTests
{
    [Theory]
    [InlineData(10_000, true)]
    [InlineData(10_001, false)]
    public void A_question_has_room_for_every_rule_that_a_call_can_meet(int length, bool fits)
    {
        var request = new CompleteRequest
        {
            Outcome = Outcome.AwaitingInput,
            Question = new() { Id = "1.1.1", Text = "May it?", Approval = new("run", "x", new('r', length)) },
            Usage = new(),
        };

        Assert.Equal(fits ? null : "question.approval", (Record.Exception(() => LeaseRules.Require(request)) as ProblemException)?.Field);
    }
}
