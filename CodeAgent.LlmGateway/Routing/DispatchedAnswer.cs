using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Protocols;
using CodeAgent.LlmGateway.Providers;

namespace CodeAgent.LlmGateway.Routing;

/// <summary>
/// An answer that has begun well: a stream has come to its first content, another answer is there as a whole. What came by then
/// was held back, so that until then somebody else could have answered. To be disposed of once it went through.
/// </summary>
internal sealed class DispatchedAnswer(ProviderAnswer answer, IProtocol protocol, Deployment deployment, DeploymentHealth health, Attempt attempt, AnswerTap tap,
    PooledBuffer held, IAsyncEnumerator<ReadOnlyMemory<byte>> pieces, CancellationTokenSource limits) : IAsyncDisposable
{
    public ProviderAnswer Answer { get; } = answer;

    /// <summary>The protocol that it is in.</summary>
    public IProtocol Protocol { get; } = protocol;

    /// <summary>Who answers.</summary>
    public Deployment Deployment { get; } = deployment;

    public DeploymentHealth Health { get; } = health;

    public Attempt Attempt { get; } = attempt;

    /// <summary>Has seen what was held back; is to be shown what follows.</summary>
    public AnswerTap Tap { get; } = tap;

    /// <summary>What has come by now.</summary>
    public ReadOnlyMemory<byte> Held => IsStream ? held.Memory : Tap.Whole;

    public bool IsStream => Answer.IsStream;

    /// <summary>Says it in the caller's protocol, where that is another one. It has seen what was held back.</summary>
    public AnswerTranslation? Translation { get; init; }

    /// <summary>What there is to be sent by now: what was held back, or what it means in the caller's protocol.</summary>
    public ReadOnlyMemory<byte> Said => Translation is null ? Held : Translated!.Memory;

    /// <summary>What <see cref="Translation"/> has written by now.</summary>
    public PooledBuffer? Translated { get; init; }

    /// <summary>Why the answer is none, though it began well: by its own account, or because it cannot be said to the caller.</summary>
    public GatewayError? Error => Tap.Watch.Error ?? Translation?.Error;

    /// <summary>Whether nothing follows what was held back.</summary>
    public required bool IsWhole { get; set; }

    /// <summary>What else binds it to its caller; disposed of with it, and not before.</summary>
    public CancellationTokenSource[] Links { get; set; } = [];

    /// <summary>The next piece; good until the one after it is asked for. Null at the end.</summary>
    /// <exception cref="ProviderFailedException">The answer broke off, or went silent.</exception>
    public async ValueTask<ReadOnlyMemory<byte>?> NextAsync()
    {
        try
        {
            return !IsWhole && await pieces.MoveNextAsync() ? pieces.Current : default(ReadOnlyMemory<byte>?);
        }
        catch (ProviderFailedException) when (Tap.Watch is { IsComplete: true, Error: null })
        {
            // All of the answer is there: how the connection ended after it changes nothing.
            return null;
        }
    }

    /// <summary>Waits for all of it, where nobody is to see it before it is whole.</summary>
    /// <returns>Whether it is a whole answer.</returns>
    /// <exception cref="ProviderFailedException">The answer broke off, or went silent.</exception>
    public async ValueTask<bool> ReadToEndAsync()
    {
        while (await NextAsync() is { } piece)
        {
            Tap.Add(piece.Span);
            held.Append(piece.Span);
            Translation?.Add(piece.Span, Translated!);
        }

        if (!IsWhole)
        {
            Tap.End();
            Translation?.End(Translated!);
            IsWhole = true;
        }

        return Tap.Watch.IsComplete && Error is null;
    }

    public async ValueTask DisposeAsync()
    {
        Attempt.Ended();
        Health.Load.End();
        await pieces.DisposeAsync();
        await Answer.DisposeAsync();
        Tap.Dispose();
        held.Dispose();
        Translation?.Dispose();
        Translated?.Dispose();
        limits.Dispose();
        foreach (var link in Links)
        {
            link.Dispose();
        }
    }
}
