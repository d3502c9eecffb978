using System.Globalization;
using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Configuration;
using CodeAgent.LlmGateway.Protocols;
using CodeAgent.LlmGateway.Telemetry;
using CodeAgent.ServiceDefaults.Configuration;
using Polly;
using Polly.Retry;

namespace CodeAgent.LlmGateway.Routing;

/// <summary>
/// Brings a request to one of the deployments of its route: <see cref="Course"/> says to which, and what after a failure;
/// <see cref="AttemptRunner"/> asks it; <see cref="DeploymentHealth"/> says whether it can be asked.
/// </summary>
internal sealed partial class Dispatcher
{
    private static readonly ResiliencePropertyKey<Course> Way = new("course");
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private readonly AttemptRunner _runner;
    private readonly DeploymentChooser _chooser;
    private readonly DeploymentStates _states;
    private readonly ConfigFile<GatewayConfig> _file;
    private readonly TimeProvider _time;
    private readonly ILogger<Dispatcher> _logger;
    private readonly ResiliencePipeline<AttemptResult> _retries;
    private readonly BestOf _bestOf;

    public Dispatcher(AttemptRunner runner, DeploymentChooser chooser, DeploymentStates states, ModelCatalog catalog, ProtocolSet protocols,
        ConfigFile<GatewayConfig> file, TimeProvider time, ILogger<Dispatcher> logger)
    {
        _bestOf = new(this, catalog, protocols, logger);
        (_runner, _chooser, _states, _file, _time, _logger) = (runner, chooser, states, file, time, logger);
        _retries = new ResiliencePipelineBuilder<AttemptResult> { TimeProvider = time }.AddRetry(new RetryStrategyOptions<AttemptResult>
        {
            // How many there are is for the course to say.
            MaxRetryAttempts = int.MaxValue,
            ShouldHandle = args => new(args.Outcome.Result?.Failure is { } failure && GoesOn(args.Context.Properties.GetValue(Way, null!), failure)),

            // Null leaves it to Polly's decorrelated jitter.
            DelayGenerator = static args => new(args.Context.Properties.GetValue(Way, null!).Wait),
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            Delay = FirstPause,
            MaxDelay = LongestPause,
        }).Build();
    }

    /// <summary>Asks, and returns as soon as an answer has begun well.</summary>
    /// <exception cref="CallFailedException">No deployment answers.</exception>
    public async Task<DispatchedAnswer> AskAsync(ModelRequest request, ModelRoute route, AttemptBook book, ModelCall call, CancellationToken cancellationToken)
    {
        if (route.BestOf is { } bestOf && request.Operation == Operation.Generate)
        {
            return await _bestOf.AskAsync(bestOf, request, route, book, call, cancellationToken);
        }

        var course = new Course(route, ConversationKey.Of(request, route), _file.Current.Retries, _chooser, _states, _time);
        if (!course.Choose())
        {
            throw AllRest(route);
        }

        if (course.Wait is { Ticks: > 0 } wait)
        {
            await Task.Delay(wait, _time, cancellationToken);
        }

        var context = ResilienceContextPool.Shared.Get(cancellationToken);
        context.Properties.Set(Way, course);
        try
        {
            var result = await _retries.ExecuteAsync(
                static (context, state) => state.This.AttemptAsync(state.course, state.request, state.route, state.book, state.call, context.CancellationToken),
                context, (This: this, course, request, route, book, call));
            if (result.Answer is { } answer)
            {
                answer.Attempt.IsAnswer = true;
                call.Answering(answer.Deployment);
                return answer;
            }

            throw Failed(course.Told(result.Failure!), route, course);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    private async ValueTask<AttemptResult> AttemptAsync(
        Course course, ModelRequest request, ModelRoute route, AttemptBook book, ModelCall call, CancellationToken cancellationToken)
    {
        while (true)
        {
            var deployment = course.Next!;
            call.Asking(route, deployment, request.IsStream);
            course.Asking(deployment);
            var hedge = route.Hedge is { } config && request.IsStream && book.Count == 0 ? After(config, deployment) : null;
            var asked = hedge is { } after
                ? await HedgedAsync(course, request, book, deployment, after, cancellationToken)
                : await AskAsync(request, book, deployment, cancellationToken);
            if (asked is { } result)
            {
                return result;
            }

            // It began to rest just now, by another request's failure.
            if (!course.Choose())
            {
                return AllRest(route).Failure;
            }
        }
    }

    private ValueTask<AttemptResult?> AskAsync(ModelRequest request, AttemptBook book, Deployment deployment, CancellationToken cancellationToken) =>
        _states.Of(deployment).AskAsync(token => _runner.RunAsync(request, deployment, book, token), cancellationToken);

    // Until enough is known of a deployment, nobody can say what is slow for it.
    private TimeSpan? After(HedgeConfig hedge, Deployment deployment) =>
        _states.Of(deployment).FirstTokens.Percentile(hedge.Percentile) is { } slow ? slow > hedge.AtLeast ? slow : hedge.AtLeast : null;

    /// <summary>Asks a second deployment where the first is slow. The first answer counts; who loses is stopped, and booked.</summary>
    private async ValueTask<AttemptResult?> HedgedAsync(
        Course course, ModelRequest request, AttemptBook book, Deployment deployment, TimeSpan after, CancellationToken cancellationToken)
    {
        var (stopFirst, stopSecond) = (CancellationTokenSource.CreateLinkedTokenSource(cancellationToken), CancellationTokenSource.CreateLinkedTokenSource(cancellationToken));
        DispatchedAnswer? answer = null;
        try
        {
            var result = await HedgedAsync(course, request, book, deployment, after, stopFirst, stopSecond);
            answer = result?.Answer;
            return result;
        }
        finally
        {
            if (answer is not null)
            {
                // They are what ends the answer when the caller leaves.
                answer.Links = [stopFirst, stopSecond];
            }
            else
            {
                stopFirst.Dispose();
                stopSecond.Dispose();
            }
        }
    }

    private async ValueTask<AttemptResult?> HedgedAsync(
        Course course, ModelRequest request, AttemptBook book, Deployment deployment, TimeSpan after, CancellationTokenSource stopFirst, CancellationTokenSource stopSecond)
    {
        var first = AskAsync(request, book, deployment, stopFirst.Token).AsTask();
        await Task.WhenAny(first, Task.Delay(after, _time, stopSecond.Token));
        if (first.IsCompleted || course.Hedge() is not { } other)
        {
            await stopSecond.CancelAsync();
            return await first;
        }

        LogHedged(deployment, after.TotalMilliseconds, other);
        var second = AskAsync(request, book, other, stopSecond.Token).AsTask();
        var sooner = await Task.WhenAny(first, second);
        var later = sooner == first ? second : first;
        if (sooner.IsCompletedSuccessfully && (await sooner)?.Answer is not null)
        {
            await (sooner == first ? stopSecond : stopFirst).CancelAsync();
            await StopAsync(later);
            return await sooner;
        }

        // It failed: the other may still answer. Where that fails too, the first one's failure says what to do next.
        var last = await later;
        return last?.Answer is not null ? last : await first ?? last;
    }

    /// <summary>The answer that came second goes to nobody.</summary>
    private static async Task StopAsync(Task<AttemptResult?> loser)
    {
        try
        {
            if ((await loser)?.Answer is { } answer)
            {
                answer.Attempt.Failed("hedge_lost");
                await answer.DisposeAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // That is what was asked for.
        }
    }

    private bool GoesOn(Course course, AttemptFailure failure)
    {
        var goesOn = course.GoesOn(failure);
        if (goesOn)
        {
            LogNext(failure.Deployment, failure.Kind, failure.Error.Status, course.Next!, course.Wait is { } wait ? string.Create(CultureInfo.InvariantCulture, $"in {wait.TotalMilliseconds:0} ms") : "after a pause");
        }
        else
        {
            LogLast(failure.Deployment, failure.Kind, failure.Error.Status);
        }

        return goesOn;
    }

    private CallFailedException Failed(AttemptFailure failure, ModelRoute route, Course course)
    {
        // While all rest, the soonest is what counts, whatever the last one said of itself.
        var worthWaiting = failure.Kind is not (FailureKind.Refused or FailureKind.NotHere or FailureKind.KeyRefused or FailureKind.SpendLimit);
        var soonest = worthWaiting ? _chooser.Soonest(route)?.Wait : null;
        var retryAfter = soonest ?? failure.RetryAfter ?? (failure.Kind == FailureKind.RateLimited ? _file.Current.Retries.Wait : null);

        // With one layer that retries there are so many attempts, with two there would be so many times so many. A caller that is
        // told when to come back spreads its attempts; one that is not must leave them to us.
        return new(failure) { RetryAfter = retryAfter, IsFinal = course.HasRetried && retryAfter is null };
    }

    private CallFailedException AllRest(ModelRoute route)
    {
        var (wait, areFull) = _chooser.Soonest(route) ?? (TimeSpan.FromSeconds(1), false);
        var rests = _chooser.Rests(route);
        var error = areFull
            ? new GatewayError(StatusCodes.Status429TooManyRequests, "rate_limit_exceeded", $"All deployments of '{route.Model}' are at their rate limits.") { Type = "rate_limit_error" }
            : new GatewayError(StatusCodes.Status503ServiceUnavailable, "no_deployment_available", $"No deployment of '{route.Model}' can be asked just now{(rests.Length == 0 ? "" : $": {rests}")}.");
        return new(new(route.First, areFull ? FailureKind.RateLimited : FailureKind.Overloaded, error) { RetryAfter = wait }) { RetryAfter = wait };
    }

    [LoggerMessage(LogLevel.Information, "{Deployment} has not begun to answer after {After} ms: {Other} is asked too")]
    private partial void LogHedged(Deployment deployment, double after, Deployment other);

    [LoggerMessage(LogLevel.Warning, "{Deployment} failed: {Kind}, {Status}. Next is {Next}, {When}")]
    private partial void LogNext(Deployment deployment, FailureKind kind, int status, Deployment next, string when);

    [LoggerMessage(LogLevel.Warning, "{Deployment} failed: {Kind}, {Status}. Nobody else is asked")]
    private partial void LogLast(Deployment deployment, FailureKind kind, int status);
}
