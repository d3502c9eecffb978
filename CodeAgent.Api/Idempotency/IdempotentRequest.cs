using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.Api.Idempotency;

/// <summary>A request with an <c>Idempotency-Key</c>, which may be a repetition of one that was carried out in part.</summary>
/// <param name="id">UUIDv7, the same for every repetition; what the request makes has this id, and what it changes is marked with it.</param>
/// <param name="isRepetition">Whether it was begun before; what came of that is not known.</param>
internal sealed class IdempotentRequest(Guid id, bool isRepetition)
{
    /// <summary>UUIDv7, the same for every repetition; what the request makes has this id, and what it changes is marked with it.</summary>
    public Guid Id { get; } = id;

    /// <summary>Whether it was begun before; what came of that is not known.</summary>
    public bool IsRepetition { get; } = isRepetition;

    /// <summary>What repetitions are told in place of an answer that must not be kept.</summary>
    public ProblemException? InPlaceOfAnswer { get; set; }
}

internal static class IdempotentRequestExtensions
{
    /// <summary>The request's place among its repetitions; null where it has no key.</summary>
    public static IdempotentRequest? Idempotent(this HttpRequest http) => http.HttpContext.Features.Get<IdempotentRequest>();
}
